#!/usr/bin/env python3
"""Races bam's training step against torch_bam.py (torch.compile) on one GPU, in one run, and prints the ratios.

    race.py --bam DIR/bam --rival torch_bam.py [--rows dense,btx,bam,bam-kv,dense-small,bam-small] [--repeats 3] [--seconds N] [--json FILE]

Needs a PyTorch install for the rival, and no .NET for a self-contained bam. The rival is imported and its own `race` is called, unchanged, with the
configuration of its own main; ours is `bam bench`. Both take the median of single steps with the device waited for after each. The two alternate;
a row's numbers are medians of its repeats. Exit code 0 when every ratio is as wanted, 1 when one is not or a side failed.
"""
import argparse, json, os, statistics, subprocess, sys, time

SMALL = dict(d=768, layers=12, heads=12, ff=2048, ctx=1024)


class Row:
    def __init__(self, title, preset, model, batch, rival, wanted):
        self.title, self.preset, self.model, self.batch, self.rival, self.wanted = title, preset, model, batch, rival, wanted


ROWS = {
    "dense": Row("dense 518M, B8 T2048", "518m", "dense", 8, dict(), 1.10),
    "btx": Row("BTX 4 x 518M, B8 T2048", "518m", "btx", 8, dict(experts=4, attn_mix=False), 1.10),
    "bam": Row("BAM 4 x 518M, KV experts, B4 T2048", "518m", "bam", 4, dict(experts=4), 1.10),
    "bam-kv": Row("BAM 4 x 518M, KV sharing, B4 T2048", "518m", "bam-kv", 4, dict(experts=4, kv_shared=True), None),
    "dense-small": Row("dense 110M, B32 T1024", "110m", "dense", 32, SMALL, 1.00),
    "bam-small": Row("BAM 4 x 110M, B16 T1024", "110m", "bam", 16, dict(experts=4, **SMALL), 1.00),
}

RIVAL = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("torch_bam", sys.argv[1])
rival = importlib.util.module_from_spec(spec); sys.modules["torch_bam"] = rival; spec.loader.exec_module(rival)
rival.torch.backends.cuda.matmul.allow_tf32 = True
for line in sys.stdin:
    order = json.loads(line)
    try: rival.race(rival.Config(**order["config"]), order["batch"], True)
    except Exception as e: print(json.dumps({"failed": type(e).__name__ + ": " + str(e)[:200]}), flush=True)
"""


class Rival:
    """One process, so that PyTorch starts once; what it compiled stays in its cache."""

    def __init__(self, script):
        self.process = subprocess.Popen(
            [sys.executable, "-c", RIVAL, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, row):
        try:
            self.process.stdin.write(json.dumps(dict(config=row.rival, batch=row.batch)) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("{"):
                    return json.loads(line)
        except OSError:
            pass
        return dict(failed=f"the rival's process ended ({self.process.poll()})")

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)


def ours(bam, device, row, steps, extra):
    command = [bam, "bench", row.preset, "--model", row.model, "--batch", str(row.batch), "--device", device, "--steps", str(steps), "--profile", "0", "--json", *extra]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return dict(failed=(done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    report = json.loads(done.stdout)
    result = report["result"]
    return dict(ms=round(result["milliseconds"], 2), tok_s=round(result["tokens_per_second"]), tflops=round(result["flops_per_second"] / 1e12, 1),
                mfu=result["mfu"], mem_gb=round(result["peak_bytes"] / 2**30, 1), planned_gb=round(report["planned_bytes"] / 2**30, 1),
                path=result["path"], device=result["device"]["name"])


def median(runs, key):
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


def result(name, runs):
    theirs, own = median(runs["rival"], "tok_s"), median(runs["bam"], "tok_s")
    return dict(
        row=ROWS[name].title, rival_tok_s=theirs, bam_tok_s=own, ratio=own / theirs if own and theirs else None, wanted=ROWS[name].wanted,
        repeats=min(sum("tok_s" in run for run in side) for side in runs.values()), bam_tflops=median(runs["bam"], "tflops"),
        rival_mem_gb=median(runs["rival"], "mem_gb"), bam_mem_gb=median(runs["bam"], "mem_gb"), planned_gb=median(runs["bam"], "planned_gb"), runs=runs)


def table(results):
    lines = ["| model | torch.compile, tok/s | bam, tok/s | ratio | wanted | repeats | bam, TFLOP/s | memory GiB: torch, bam, plan |", "|---|---|---|---|---|---|---|---|"]
    for one in results:
        number = lambda value, form="{:,.0f}": "failed" if value is None else form.format(value)
        lines.append(f"| {one['row']} | {number(one['rival_tok_s'])} | {number(one['bam_tok_s'])} | {number(one['ratio'], '{:.3f}')} | "
                     f"{'-' if one['wanted'] is None else format(one['wanted'], '.2f')} | {one['repeats']} | {number(one['bam_tflops'], '{:.0f}')} | "
                     f"{number(one['rival_mem_gb'], '{:.1f}')}, {number(one['bam_mem_gb'], '{:.1f}')}, {number(one['planned_gb'], '{:.1f}')} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bam", required=True, help="the bam program")
    parser.add_argument("--rival", required=True, help="torch_bam.py")
    parser.add_argument("--rows", default="dense,btx,bam,dense-small,bam-small", help=f"of {','.join(ROWS)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="timed steps of ours in a repeat; the rival has its own")
    parser.add_argument("--seconds", type=float, help="start no further pair after so long; the table says how many repeats there were")
    parser.add_argument("--device", default="cuda", help="of ours")
    parser.add_argument("--json", help="file for all numbers")
    options, extra = parser.parse_known_args()                             # the rest goes to bam bench, such as --optimizer-states bf16
    rows = options.rows.split(",")
    unknown = [row for row in rows if row not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]}; rows: {', '.join(ROWS)}")
    for path in (options.bam, options.rival):
        if not os.path.exists(path):
            parser.error(f"{path} does not exist")

    rival, began = Rival(options.rival), time.time()
    runs = {name: dict(rival=[], bam=[]) for name in rows}
    for repeat in range(options.repeats):
        for name in rows:
            if options.seconds and time.time() - began > options.seconds:
                continue
            # Each is first in turn: what the GPU's temperature does to the second is shared.
            for side in ("rival", "bam") if repeat % 2 == 0 else ("bam", "rival"):
                start, row = time.time(), ROWS[name]
                run = rival.run(row) if side == "rival" else ours(os.path.abspath(options.bam), options.device, row, options.steps, extra)
                runs[name][side].append(run)
                print(f"{name} {repeat + 1}/{options.repeats} {side}: {json.dumps(run)} in {time.time() - start:.0f} s", file=sys.stderr, flush=True)
            if options.json:
                with open(options.json, "w") as file:
                    json.dump(dict(steps=options.steps, extra=extra, results=[result(name, runs[name]) for name in rows]), file, indent=1)
    results = [result(name, runs[name]) for name in rows]
    rival.end()
    print(table(results))
    return 0 if all(one["ratio"] is not None and one["ratio"] >= (one["wanted"] or 0) for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
