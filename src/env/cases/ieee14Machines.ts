/** What `frequency-ieee14` adds to the network `ieee14`: machines, battery fleets, the load step. Read by machineText.ts. */
export const IEEE14_MACHINES_TEXT = `gridpact-machines 1
name     ieee14-load-step
network  ieee14
source   ratings, H, D and x'd as they go with this case since S. K. M. Kodsi and C. A. Canizares, "Modeling and simulation of IEEE 14-bus system with FACTS controllers", University of Waterloo, 2003
source   the copy in the ANDES cases agrees in all but xd1_pu of machine 1, where it has 0.6
source   a step of 0.6 pu answered at 20 instants from 5 to 20 s: the setting of published deep-RL studies on this case; governors, fleets, instant and buses are this project's
f0_Hz    60
base_MVA 100

[machine]
# per unit of base_MVA in the row; classical (second-order) rotor model; without r_pu: a condenser, no governor
bus  base_MVA   H_s  D_pu  xd1_pu  r_pu  t_governor_s  t_turbine_s
  1       615  5.148     2  0.2995  0.05           0.2          0.5
  2        60   6.54     2   0.185  0.05           0.2          0.5
  3        60   6.54     2   0.185     -             -            -
  6        25   5.06     2   0.232     -             -            -
  8        25   5.06     2   0.232     -             -            -

[fleet]
bus  p_MW  e_MWh  eta_charge  eta_discharge  soc_min  soc_max
  4    30     15        0.95           0.95     0.05     0.95
  9    30     15        0.95           0.95     0.05     0.95
 13    30     15        0.95           0.95     0.05     0.95

[step]
# demand_pu of base_MVA more is drawn from at_ms on at one of the buses of a set, the size varied by +-spread;
# inertia: what the inertias of the set are, of H_s
set    bus  at_ms  demand_pu  spread  inertia
train    3   1000        0.6     0.1        1
train    4   1000        0.6     0.1        1
train    9   1000        0.6     0.1        1
train   13   1000        0.6     0.1        1
test     5   1000        0.6     0.3      0.7
test    10   1000        0.6     0.3      0.7
test    12   1000        0.6     0.3      0.7
test    14   1000        0.6     0.3      0.7
`;
