/** The one style sheet of the page: light and dark by the reader's preference, plain on paper. Okabe & Ito's colours. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--soft:#57606a;--line:#d0d7de;--panel:#f6f8fa;--policy:#0072b2;--baseline:#6e7681;--bound:#00835f;--good:#00704f;--bad:#b04a00}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#30363d;--panel:#161b22;--policy:#56b4e9;--baseline:#9198a1;--bound:#2fc79b;--good:#2fc79b;--bad:#f0883e}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","Liberation Sans",Arial,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.2rem;margin:2.5rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .25rem}
p{margin:.4rem 0}
.soft{color:var(--soft)}
code{overflow-wrap:anywhere}
code,pre{font-family:ui-monospace,"Cascadia Mono",Menlo,Consolas,monospace;font-size:.88em}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem;overflow-x:auto}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.75rem;margin:1rem 0}
.card{background:var(--panel);border:1px solid var(--line);border-left:4px solid var(--policy);border-radius:6px;padding:.7rem .9rem}
.card p{margin:.15rem 0}
.card .big{font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;color:var(--soft);padding:0 0 .35rem}
th,td{padding:.28rem .7rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{border-bottom:2px solid var(--line);font-weight:600;vertical-align:bottom}
tbody th{font-weight:400}
tr.kind th{font-weight:600;color:var(--soft);padding-top:.8rem;border-bottom:0}
tr.policy th{font-weight:600;color:var(--policy)}
tr.bound th{color:var(--bound)}
.range{display:block;color:var(--soft);font-size:.86em}
.better{color:var(--good);font-weight:600}
.worse{color:var(--bad);font-weight:600}
figure{margin:1rem 0;overflow-x:auto}
figure img,svg.plot{display:block;width:100%;min-width:44rem;height:auto}
svg text{fill:var(--ink);font-family:inherit}
svg text.soft{fill:var(--soft)}
svg .grid{stroke:var(--line)}
svg .zero{stroke:var(--soft);stroke-dasharray:4 3}
svg .interval{stroke-width:2.5}
svg .tick{stroke-width:2}
svg .policy .interval,svg .policy .tick{stroke:var(--policy)}
svg .policy .mean,svg .policy .point{fill:var(--policy)}
svg .policy text{font-weight:600}
svg .baseline .interval,svg .baseline .tick{stroke:var(--baseline)}
svg .baseline .mean,svg .baseline .point{fill:var(--baseline)}
svg .bound .interval,svg .bound .tick{stroke:var(--bound)}
svg .bound .mean,svg .bound .point{fill:var(--bound)}
svg .point{fill-opacity:.3}
dt{font-weight:600;margin-top:.6rem}
dd{margin:0 0 0 1rem}
summary{cursor:pointer;color:var(--soft)}
@media print{body{font-size:11px}h2{break-after:avoid}figure,tr{break-inside:avoid}}
`.trim();
