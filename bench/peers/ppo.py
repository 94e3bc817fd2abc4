"""Stable-Baselines3's PPO, timed on the task, network and minibatches that bench/ppo times ours on.

usage: python ppo.py rate SECONDS SETTINGS     steps/s of rollout and update, best of windows of whole iterations
       python ppo.py return SEED SETTINGS      mean return of 100 deterministic episodes after settings.returnSteps
SETTINGS is JSON: bench/ppoTasks.ts, and `task`, the id at Gymnasium.
Prints one JSON line {"peer", "value", "unit", "note"}; exit code 3 when the peer is not installed.
One process, DummyVecEnv, torch on the CPU with one thread (GRIDPACT_TORCH_THREADS: another number).
"""

import json
import os
import sys
import time
import warnings

THREADS = int(os.environ.get("GRIDPACT_TORCH_THREADS", "1"))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)
warnings.filterwarnings("ignore")

WINDOWS = 5


def build(settings, seed):
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(THREADS)
    env = make_vec_env(settings["task"], n_envs=settings["numEnvs"], seed=seed)
    return PPO(
        "MlpPolicy",
        env,
        n_steps=settings["rolloutSteps"],
        batch_size=settings["minibatchSize"],
        n_epochs=settings["epochs"],
        learning_rate=settings["learningRate"],
        gamma=settings["gamma"],
        gae_lambda=settings["lambda"],
        clip_range=settings["clip"],
        vf_coef=settings["valueCoefficient"],
        max_grad_norm=settings["maxGradNorm"],
        ent_coef=0.0,
        policy_kwargs={
            "net_arch": list(settings["hidden"]),
            "activation_fn": torch.nn.ReLU,
            "log_std_init": settings["initialLogStd"],
        },
        device="cpu",
        seed=seed,
    )


def rate(settings, seconds):
    """Windows of whole iterations, at least a fifth of the time each, after a warm-up of the same length."""
    from stable_baselines3.common.callbacks import BaseCallback

    class Clock(BaseCallback):
        marks = []

        def _on_rollout_start(self):
            self.marks.append(time.perf_counter())

        def _on_step(self):
            return self.marks[-1] - self.marks[0] < seconds * (WINDOWS + 1) / WINDOWS or len(self.marks) < 3

    model = build(settings, 1)
    clock = Clock()
    model.learn(total_timesteps=10**9, callback=clock)
    batch = settings["numEnvs"] * settings["rolloutSteps"]
    marks = [m for m in clock.marks if m - clock.marks[0] >= seconds / WINDOWS or m is clock.marks[-1]]
    marks = marks if len(marks) > 1 else clock.marks[-2:]
    best, start, count = 0.0, marks[0], 0
    for mark in marks[1:]:
        count += batch
        if mark - start >= seconds / WINDOWS or mark is marks[-1] and best == 0.0:
            best = max(best, count / (mark - start))
            start, count = mark, 0
    return best


def mean_return(settings, seed):
    from stable_baselines3.common.evaluation import evaluate_policy

    model = build(settings, seed)
    model.learn(total_timesteps=settings["returnSteps"])
    mean, _ = evaluate_policy(model, model.get_env(), n_eval_episodes=100, deterministic=True)
    return float(mean)


def note():
    import gymnasium
    import stable_baselines3
    import torch

    return (
        f"stable-baselines3 {stable_baselines3.__version__}, torch {torch.__version__} on {torch.get_num_threads()} "
        f"thread(s), gymnasium {gymnasium.__version__}, DummyVecEnv, python {sys.version.split()[0]}"
    )


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("rate", "return"):
        sys.exit("usage: ppo.py rate SECONDS SETTINGS | ppo.py return SEED SETTINGS")
    settings = json.loads(sys.argv[3])
    try:
        if sys.argv[1] == "rate":
            value, unit = rate(settings, float(sys.argv[2])), "steps/s"
        else:
            value, unit = mean_return(settings, int(sys.argv[2])), "return"
        print(json.dumps({"peer": f"sb3.{settings['task']}", "value": value, "unit": unit, "note": note()}))
    except ImportError as error:
        print(f"not installed: {error}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
