"""Peers of the environment, timed on the networks and settings that bench/env times ours on.

usage: python env.py PEER SECONDS
Prints one JSON line {"peer", "value", "unit", "note"}; exit code 3 when the peer is not installed.
Every peer runs in one process and one thread, its loop warmed up before the clock starts.
"""

import json
import os
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")


def rate(step, seconds):
    """Calls per second, best of three windows, after a warm-up of a third of a window."""
    window = seconds / 3
    run_for(step, window / 3)
    return max(run_for(step, window) for _ in range(3))


def run_for(step, seconds):
    count = 0
    start = time.perf_counter()
    end = start + seconds
    while time.perf_counter() < end:
        step()
        count += 1
    return count / (time.perf_counter() - start)


def pandapower_runpp(case, numba):
    """runpp with its defaults, another load every call."""

    def build(seconds):
        import numpy
        import pandapower
        import pandapower.networks

        net = getattr(pandapower.networks, case)()
        nominal = net.load.p_mw.values.copy()
        stream = numpy.random.default_rng(1)

        def step():
            net.load.p_mw = nominal * stream.uniform(0.5, 1.0, len(nominal))
            pandapower.runpp(net, numba=numba)

        return rate(step, seconds), f"pandapower {pandapower.__version__}, runpp defaults, numba={numba}"

    return build


def lightsim2grid_flow(case):
    """One power flow after another, flat start, 1e-8 pu, Newton with KLU, another load every call."""

    def build(seconds):
        import lightsim2grid
        import numpy
        import pandapower
        import pandapower.networks
        from lightsim2grid.gridmodel import init_from_pandapower

        net = getattr(pandapower.networks, case)()
        pandapower.runpp(net)
        grid = init_from_pandapower(net)
        flat = numpy.ones(len(net.bus), dtype=complex)
        nominal = float(net.load.p_mw.values[0])
        factors = numpy.random.default_rng(1).uniform(0.9, 1.1, 4096)
        state = {"i": 0}

        def step():
            state["i"] = (state["i"] + 1) % 4096
            # one load alone: changing all of them from Python would cost more than the solution
            grid.change_p_load(0, nominal * factors[state["i"]])
            if len(grid.ac_pf(flat, 10, 1e-8)) == 0:
                raise RuntimeError("no solution")

        value = rate(step, seconds)
        return value, f"lightsim2grid {lightsim2grid.__version__}, {grid.get_solver_type()}, one load changed"

    return build


def grid2op_env(seconds):
    """Do-nothing steps on the 14-bus environment that ships inside the package, with the lightsim2grid backend."""
    import grid2op
    from lightsim2grid import LightSimBackend

    env = grid2op.make("l2rpn_case14_sandbox", test=True, backend=LightSimBackend())
    env.reset()
    nothing = env.action_space({})

    def step():
        _, _, done, _ = env.step(nothing)
        if done:
            env.reset()

    return rate(step, seconds), f"grid2op {grid2op.__version__}, l2rpn_case14_sandbox (test data), do nothing"


def gym_anm_env(seconds):
    """Random actions on ANM6-Easy."""
    import gym_anm  # noqa: F401
    import gymnasium
    from importlib.metadata import version

    env = gymnasium.make("gym_anm:ANM6Easy-v0").unwrapped
    env.reset(seed=1)

    def step():
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()

    return rate(step, seconds), f"gym-anm {version('gym-anm')}, ANM6Easy-v0, random actions"


PEERS = {
    "pandapower.case33bw": pandapower_runpp("case33bw", False),
    "pandapower-numba.case33bw": pandapower_runpp("case33bw", True),
    "lightsim2grid.case14": lightsim2grid_flow("case14"),
    "lightsim2grid.case118": lightsim2grid_flow("case118"),
    "grid2op.case14": grid2op_env,
    "gym-anm.anm6": gym_anm_env,
}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in PEERS:
        sys.exit(f"usage: env.py {{{','.join(PEERS)}}} SECONDS")
    try:
        value, note = PEERS[sys.argv[1]](float(sys.argv[2]))
    except ImportError as error:
        print(f"not installed: {error}", file=sys.stderr)
        sys.exit(3)
    print(json.dumps({"peer": sys.argv[1], "value": value, "unit": "1/s", "note": note}))


if __name__ == "__main__":
    main()
