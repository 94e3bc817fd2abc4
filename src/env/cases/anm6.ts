/** The six-bus network of ANM6-Easy: buses, branches and their ratings, loads and machines at their ratings. */
export const ANM6_TEXT = `gridpact-case 1
name     anm6
source   R. Henry and D. Ernst, "Gym-ANM: Reinforcement learning environments for active network management tasks in electricity distribution systems", Energy and AI 5, 2021, arXiv:2103.07932; gym-anm 2.0.1, environment ANM6Easy
source   loads and renewables at their ratings; the storage and the time series belong to the task
licence  MIT (gym-anm)
base_MVA 100
base_kV  132

[bus]
id   kind  load_MW  load_Mvar  v_set_pu  v_min_pu  v_max_pu  base_kV  x    y
 0  slack        0          0         1         1         1      132  0    1
 1     pq        0          0         1       0.9       1.1       33  1    1
 2     pq        0          0         1       0.9       1.1       33  2    1
 3     pq       10          2         1       0.9       1.1       33  2    0
 4     pq       30          6         1       0.9       1.1       33  3  0.5
 5     pq       30          6         1       0.9       1.1       33  3  1.5

[branch]
from  to    r_pu    x_pu  rate_MVA
   0   1  0.0036  0.1834        32
   1   2    0.03   0.022        25
   1   3  0.0307  0.0621        18
   2   4  0.0303  0.0611        18
   2   5  0.0159  0.0502        18

[generator]
bus  p_MW  q_Mvar  q_min_Mvar  q_max_Mvar  p_min_MW  p_max_MW  v_set_pu
  0     0       0        -200         200      -200       200         1
  3    30       0         -30          30         0        30         1
  4    50       0         -50          50         0        50         1
`;
