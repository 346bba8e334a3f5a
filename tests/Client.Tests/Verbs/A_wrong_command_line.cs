namespace Bam.Client.Tests.Verbs;

public sealed class A_wrong_command_line
{
    [Theory]
    [InlineData("", "no verb given (verbs: demo, cluster, plan, launch, runs, status, watch, logs, pause, resume, retry, cancel, chaos, eval, generate, export, report, bench, doctor); see 'bam --help'")]
    [InlineData("plam x", "unknown verb 'plam'; did you mean 'plan'? (verbs: demo, cluster, plan, launch, runs, status, watch, logs, pause, resume, retry, cancel, chaos, eval, generate, export, report, bench, doctor)")]
    [InlineData("cluster", "no verb given (verbs: up, status, down, schema, certificates); see 'bam cluster --help'")]
    [InlineData("cluster pu", "unknown verb 'pu'; did you mean 'up'? (verbs: up, status, down, schema, certificates)")]
    [InlineData("plan", "Required argument 'FILE' missing for command: 'plan'; see 'bam plan --help'")]
    [InlineData("plan --jsn x", "unknown option '--jsn'; did you mean '--json'? (options: --flops-per-second, --devices, --device-memory, --help, --home, --database, --json, --libtorch, --tls)")]
    [InlineData("plan --jsn", "unknown option '--jsn'; did you mean '--json'? (options: --flops-per-second, --devices, --device-memory, --help, --home, --database, --json, --libtorch, --tls)")]
    [InlineData("runs --hme x", "unknown option '--hme'; did you mean '--home'? (options: --help, --home, --database, --json, --libtorch, --tls)")]
    [InlineData("status a b", "unexpected argument 'b'; see 'bam status --help'")]
    [InlineData("plan x --devices many", "--devices must be a whole number, not 'many'; see 'bam plan --help'")]
    [InlineData("plan x --devices 0", "--devices must be a whole number from 1 to 65536, not '0'; see 'bam plan --help'")]
    [InlineData("retry x", "Required argument 'BRANCH' missing for command: 'retry'; see 'bam retry --help'")]
    [InlineData("logs x --lines 0", "--lines must be a whole number from 1 to 1000, not '0'; see 'bam logs --help'")]
    [InlineData("generate x", "Required argument 'PROMPT' missing for command: 'generate'; see 'bam generate --help'")]
    [InlineData("generate x y --tokens 0", "--tokens must be a whole number of at least 1, not '0'; see 'bam generate --help'")]
    [InlineData("generate x y --temperature -1", "--temperature must be a number of at least 0, not '-1'; see 'bam generate --help'")]
    [InlineData("generate x y --temperature NaN", "--temperature must be a number of at least 0, not 'NaN'; see 'bam generate --help'")]
    [InlineData("generate x y --temperature hot", "--temperature must be a number, not 'hot'; see 'bam generate --help'")]
    [InlineData("generate x y --top-k -1", "--top-k must be a whole number of at least 0, not '-1'; see 'bam generate --help'")]
    [InlineData("generate x y --sed 1", "unknown option '--sed'; did you mean '--seed'? (options: --tokens, --temperature, --top-k, --seed, --help, --home, --database, --json, --libtorch, --tls)")]
    [InlineData("export x", "Option '--out' is required; see 'bam export --help'")]
    [InlineData("export x --out y --format onnx", "--format must be safetensors, not 'onnx'; see 'bam export --help'")]
    [InlineData("demo --steps-scale 0", "--steps-scale must be a number more than 0, not '0'; see 'bam demo --help'")]
    [InlineData("demo --device tpu", "--device must be cpu or cuda, not 'tpu'; see 'bam demo --help'")]
    [InlineData("chaos", "Required argument 'RUN' missing for command: 'chaos'; see 'bam chaos --help'")]
    [InlineData("chaos x --mtbf 20", "--mtbf must be a time, such as 20s, not '20'; see 'bam chaos --help'")]
    [InlineData("chaos x --mtbf 0s", "--mtbf must be a time, such as 20s, not '0s'; see 'bam chaos --help'")]
    [InlineData("chaos x --duration long", "--duration must be a time, such as 10m, not 'long'; see 'bam chaos --help'")]
    [InlineData("chaos x --faults 0", "--faults must be a whole number of at least 1, not '0'; see 'bam chaos --help'")]
    [InlineData("cluster up --gpus 0,x", "--gpus must be numbers of GPUs, such as 0,1, or all, not '0,x'; see 'bam cluster up --help'")]
    [InlineData("cluster up --gpus ,", "--gpus must be numbers of GPUs, such as 0,1, or all, not ','; see 'bam cluster up --help'")]
    [InlineData("cluster up --gpus 0,,1", "--gpus must be numbers of GPUs, such as 0,1, or all, not '0,,1'; see 'bam cluster up --help'")]
    [InlineData("cluster up --gpus=-1", "--gpus must be numbers of GPUs, such as 0,1, or all, not '-1'; see 'bam cluster up --help'")]
    [InlineData("cluster up --gpus 99999999999", "--gpus must be numbers of GPUs, such as 0,1, or all, not '99999999999'; see 'bam cluster up --help'")]
    public async Task Is_one_line_and_exit_code_2(string line, string error)
    {
        var run = await ConsoleRun.Of(
            new(), cancellation: TestContext.Current.CancellationToken, arguments: line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(new(2, "", $"bam: {error}{Environment.NewLine}"), run);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("plan --help")]
    [InlineData("--version")]
    public async Task Is_not_one_that_asks_for_help(string line)
    {
        var run = await ConsoleRun.Of(new(), cancellation: TestContext.Current.CancellationToken, arguments: line.Split(' '));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.NotEmpty(run.Output);
    }
}
