/**
 * IEEE 33-bus radial feeder, 12.66 kV.
 * Source: M. E. Baran and F. F. Wu, "Network reconfiguration in distribution systems for loss reduction and
 * load balancing", IEEE Transactions on Power Delivery 4(2), 1401-1407, April 1989, doi:10.1109/61.25627.
 * Values as published: branch impedance in ohm, nominal load in kW and kvar; bus 1 is the substation. The five
 * normally open tie lines are left out. The base of 10 MVA is that of MATPOWER's case33bw, whose solution the tests
 * compare with. Totals: 3.715 MW, 2.300 Mvar; losses at nominal load 0.202677 MW. Laid out as a tree.
 */
import type { Network } from '../../grid/network.ts';
import { parseCase } from './caseText.ts';

const IEEE33_TEXT = `gridpact-case 1
name     ieee33
source   Baran & Wu 1989, doi:10.1109/61.25627; equals MATPOWER case33bw with its tie lines open
licence  public data, as published in the paper
base_MVA 10
base_kV  12.66

[bus]
id   kind  load_kW  load_kvar  v_set_pu   x  y
 1  slack        0          0         1   0  1
 2     pq      100         60         1   1  1
 3     pq       90         40         1   2  1
 4     pq      120         80         1   3  1
 5     pq       60         30         1   4  1
 6     pq       60         20         1   5  1
 7     pq      200        100         1   6  1
 8     pq      200        100         1   7  1
 9     pq       60         20         1   8  1
10     pq       60         20         1   9  1
11     pq       45         30         1  10  1
12     pq       60         35         1  11  1
13     pq       60         35         1  12  1
14     pq      120         80         1  13  1
15     pq       60         10         1  14  1
16     pq       60         20         1  15  1
17     pq       60         20         1  16  1
18     pq       90         40         1  17  1
19     pq       90         40         1   2  3
20     pq       90         40         1   3  3
21     pq       90         40         1   4  3
22     pq       90         40         1   5  3
23     pq       90         50         1   3  0
24     pq      420        200         1   4  0
25     pq      420        200         1   5  0
26     pq       60         25         1   6  2
27     pq       60         25         1   7  2
28     pq       60         20         1   8  2
29     pq      120         70         1   9  2
30     pq      200        600         1  10  2
31     pq      150         70         1  11  2
32     pq      210        100         1  12  2
33     pq       60         40         1  13  2

[branch]
from  to   r_ohm   x_ohm
   1   2  0.0922   0.047
   2   3   0.493  0.2511
   3   4   0.366  0.1864
   4   5  0.3811  0.1941
   5   6   0.819   0.707
   6   7  0.1872  0.6188
   7   8  0.7114  0.2351
   8   9    1.03    0.74
   9  10   1.044    0.74
  10  11  0.1966   0.065
  11  12  0.3744  0.1238
  12  13   1.468   1.155
  13  14  0.5416  0.7129
  14  15   0.591   0.526
  15  16  0.7463   0.545
  16  17   1.289   1.721
  17  18   0.732   0.574
   2  19   0.164  0.1565
  19  20  1.5042  1.3554
  20  21  0.4095  0.4784
  21  22  0.7089  0.9373
   3  23  0.4512  0.3083
  23  24   0.898  0.7091
  24  25   0.896  0.7011
   6  26   0.203  0.1034
  26  27  0.2842  0.1447
  27  28   1.059  0.9337
  28  29  0.8042  0.7006
  29  30  0.5075  0.2585
  30  31  0.9744   0.963
  31  32  0.3105  0.3619
  32  33   0.341  0.5302
`;

/** Baran & Wu 1989, buses 1..33 in order, slack bus 1 at 1 pu, 10 MVA. */
export const IEEE33: Network = parseCase(IEEE33_TEXT);
