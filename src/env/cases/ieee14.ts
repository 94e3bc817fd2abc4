/** The IEEE 14-bus test case. Buses laid out by stress majorisation over graph distances, no two branches crossing. */
export const IEEE14_TEXT = `gridpact-case 1
name     ieee14
source   IEEE 14-bus test case, American Electric Power system, Midwestern US, February 1962
source   Power Systems Test Case Archive, University of Washington, https://labs.ece.uw.edu/pstca/pf14/pg_tca14bus.htm
source   values as in MATPOWER 8 case14, which gives limits and no base voltage
licence  public data, Power Systems Test Case Archive
base_MVA 100
base_kV  0

[bus]
id   kind  load_MW  load_Mvar  v_set_pu  va_deg  shunt_Mvar  v_min_pu  v_max_pu  area    x    y
 1  slack        0          0      1.06       -           -      0.94      1.06     1  1.7    0
 2     pv     21.7       12.7     1.045   -4.98           -      0.94      1.06     1  2.1  0.4
 3     pv     94.2         19      1.01  -12.72           -      0.94      1.06     1  2.6  0.7
 4     pq     47.8       -3.9     1.019  -10.33           -      0.94      1.06     1  2.1  1.1
 5     pq      7.6        1.6      1.02   -8.78           -      0.94      1.06     1  1.5  0.6
 6     pv     11.2        7.5      1.07  -14.22           -      0.94      1.06     1  0.6    1
 7     pq        0          0     1.062  -13.37           -      0.94      1.06     1  2.4  1.6
 8     pv        0          0      1.09  -13.36           -      0.94      1.06     1  2.9  1.9
 9     pq     29.5       16.6     1.056  -14.94          19      0.94      1.06     1    2    2
10     pq        9        5.8     1.051   -15.1           -      0.94      1.06     1  1.7  1.5
11     pq      3.5        1.8     1.057  -14.79           -      0.94      1.06     1  1.1  1.3
12     pq      6.1        1.6     1.055  -15.07           -      0.94      1.06     1    0  1.4
13     pq     13.5        5.8      1.05  -15.16           -      0.94      1.06     1  0.6  1.6
14     pq     14.9          5     1.036  -16.04           -      0.94      1.06     1  1.3  1.9

[branch]
from  to     r_pu     x_pu    b_pu    tap
   1   2  0.01938  0.05917  0.0528      -
   1   5  0.05403  0.22304  0.0492      -
   2   3  0.04699  0.19797  0.0438      -
   2   4  0.05811  0.17632   0.034      -
   2   5  0.05695  0.17388  0.0346      -
   3   4  0.06701  0.17103  0.0128      -
   4   5  0.01335  0.04211       -      -
   4   7        0  0.20912       -  0.978
   4   9        0  0.55618       -  0.969
   5   6        0  0.25202       -  0.932
   6  11  0.09498   0.1989       -      -
   6  12  0.12291  0.25581       -      -
   6  13  0.06615  0.13027       -      -
   7   8        0  0.17615       -      -
   7   9        0  0.11001       -      -
   9  10  0.03181   0.0845       -      -
   9  14  0.12711  0.27038       -      -
  10  11  0.08205  0.19207       -      -
  12  13  0.22092  0.19988       -      -
  13  14  0.17093  0.34802       -      -

[generator]
bus   p_MW  q_Mvar  q_min_Mvar  q_max_Mvar  p_min_MW  p_max_MW  v_set_pu
  1  232.4   -16.9           0          10         0     332.4      1.06
  2     40    42.4         -40          50         0       140     1.045
  3      0    23.4           0          40         0       100      1.01
  6      0    12.2          -6          24         0       100      1.07
  8      0    17.4          -6          24         0       100      1.09
`;
