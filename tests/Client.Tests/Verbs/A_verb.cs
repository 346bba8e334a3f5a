using System.Text.Json;
using Bam.Client.Tests.RunFiles;
using Bam.Client.Tests.Views;
using Bam.Contracts.Grains;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Verbs;

public sealed class A_verb : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly FakeCluster _cluster = new();

    public A_verb() => File.WriteAllText(_folder.RunFile, RunFolder.Valid);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("runs")]
    [InlineData("status four")]
    [InlineData("watch four")]
    [InlineData("cancel four")]
    [InlineData("chaos four")]
    [InlineData("pause four")]
    [InlineData("resume four")]
    [InlineData("retry four law")]
    [InlineData("logs four")]
    [InlineData("cluster status")]
    [InlineData("eval four/law")]
    [InlineData("generate four/law text")]
    [InlineData("export four/law --out nowhere")]
    [InlineData("report four --out nowhere")]
    public async Task Ends_with_3_when_no_cluster_is_reachable(string line)
    {
        _cluster.IsUp = false;
        var run = await Run(line);

        Assert.Equal((3, ""), (run.ExitCode, run.Output));
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Names_the_nearest_run()
    {
        _cluster.Add(Statuses.Branching);

        Assert.Equal(new(2, "", "no run 'for'; did you mean 'four'? (runs: four)\n"), await Run("status for"));
    }

    [Theory]
    [InlineData("pause four", "four is paused; let it go on with: bam resume four\n")]
    [InlineData("resume four", "four goes on\n")]
    public async Task Pause_and_resume_say_what_they_did(string line, string said)
    {
        _cluster.Add(Statuses.Branching);

        Assert.Equal(new(0, said, ""), await Run(line));
        Assert.Equal([line], _cluster.Calls);
    }

    [Theory]
    [InlineData("pause four")]
    [InlineData("resume four")]
    public async Task What_has_ended_can_neither_pause_nor_go_on(string line)
    {
        _cluster.Add(Statuses.Completed);

        Assert.Equal(new(1, "", "four has ended already\n"), await Run(line));
    }

    [Theory]
    [InlineData(RetryOutcome.TakenUp)]
    [InlineData(RetryOutcome.NothingToRetry)]   // the answer to a first call was lost
    public async Task Retry_takes_up_what_has_failed(RetryOutcome answer)
    {
        var cluster = new FakeCluster { RetryAnswer = answer };
        cluster.Add(Statuses.Failed);
        var run = await ConsoleRun.Of(cluster, cancellation: TestContext.Current.CancellationToken, arguments: ["retry", "four", "law"]);

        Assert.Equal(new(0, "law of four is tried again; watch it with: bam watch four\n", ""), run);
        Assert.Equal(["retry four law"], cluster.Calls);
    }

    [Theory]
    [InlineData("seed", "'seed' of four is completed: only a failed or cancelled model can be tried again\n")]
    [InlineData("lwa", "four has no model 'lwa'; did you mean 'law'? (models: seed, law, bam)\n")]
    public async Task Retry_refuses_anything_else_in_a_line(string model, string said)
    {
        var cluster = new FakeCluster { RetryAnswer = RetryOutcome.NothingToRetry };
        cluster.Add(Statuses.Failed);

        Assert.Equal(new(2, "", said), await ConsoleRun.Of(cluster, cancellation: TestContext.Current.CancellationToken, arguments: ["retry", "four", model]));
    }

    [Fact]
    public async Task Logs_has_the_events_of_a_run_or_the_lines_of_a_model()
    {
        _cluster.Add(Statuses.Branching);
        _cluster.Events.AddRange(Enumerable.Range(1, 5).Select(i => Statuses.Event(i, RunEventKind.Queued, $"event {i}")));
        _cluster.Log.AddRange(["one", "two", "three"]);

        Assert.Equal(["event 3", "event 4", "event 5"], (await Run("logs four --lines 3")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[^7..]));
        Assert.Equal("law: two\nlaw: three\n", (await Run("logs four law --lines 2")).Output);
        Assert.Equal(["law: three"], JsonDocument.Parse((await Run("logs four law --lines 1 --json")).Output).RootElement.EnumerateArray().Select(line => line.GetString()));
    }

    [Fact]
    public async Task Status_has_the_last_lines_of_what_failed()
    {
        _cluster.Add(Statuses.Failed);
        var members = JsonDocument.Parse((await Run("status four --json")).Output).RootElement.GetProperty("members");

        Assert.Equal([0, 2, 0], members.EnumerateArray().Select(member => member.GetProperty("log_tail").GetArrayLength()));
    }

    [Fact]
    public async Task Launch_ends_with_0_and_the_table_of_a_completed_run()
    {
        _cluster.Add(Statuses.Branching with { Name = "four-domains" }, Statuses.Completed with { Name = "four-domains" });
        _cluster.Events.AddRange(Enumerable.Range(1, 5).Select(i => Statuses.Event(i, RunEventKind.Queued, $"event {i}")));
        var run = await Run($"launch {_folder.RunFile}");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("four-domains", _cluster.Launched?.Name);
        Assert.Equal(["event 1", "event 2", "event 3", "event 4", "event 5"], run.Output.Split('\n').Where(line => line.Contains(" queued ", StringComparison.Ordinal)).Select(line => line[^7..]));
        Assert.Contains("│ bam   │   4.000 │  2.000 │   3.000 │", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cluster_launch_and_watch_say_where_a_browser_sees_the_run()
    {
        _cluster.Add(Statuses.Completed with { Name = "four-domains" });

        Assert.StartsWith("in a browser: http://127.0.0.1:8080/#/run/four-domains\n", (await Run("watch four-domains")).Output, StringComparison.Ordinal);
        Assert.StartsWith("in a browser: http://127.0.0.1:8080/#/run/four-domains\n", (await Run($"launch {_folder.RunFile} --detach")).Output, StringComparison.Ordinal);
        Assert.StartsWith("in a browser: http://", (await Run("watch four-domains --json")).Error, StringComparison.Ordinal);
        Assert.Contains("page: http://127.0.0.1:8080/\n", (await Run("cluster up")).Output.Replace(" ", "", StringComparison.Ordinal).Replace("page:", "page: ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("http://127.0.0.1:8080/", JsonDocument.Parse((await Run("cluster status --json")).Output).RootElement.GetProperty("page").GetString());
    }

    [Theory]
    [InlineData(RunPhase.Failed, "four-domains failed: disk full\n")]
    [InlineData(RunPhase.Cancelled, "four-domains was cancelled\n")]
    public async Task Launch_ends_with_1_when_the_run_did_not_complete(RunPhase end, string said)
    {
        _cluster.Add(Statuses.Branching with { Name = "four-domains", Phase = end, Error = end == RunPhase.Failed ? "disk full" : null });
        var run = await Run($"launch {_folder.RunFile}");

        Assert.Equal((1, said), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData(null, "; give")]
    [InlineData("branch 'law' has other\nsteps", ": branch 'law' has other steps; or give")]
    public async Task Launch_refuses_a_name_that_is_taken(string? detail, string because)
    {
        var run = await ConsoleRun.Of(
            new() { Answer = new(LaunchOutcome.NameTaken, detail) }, cancellation: TestContext.Current.CancellationToken, arguments: ["launch", _folder.RunFile]);

        Assert.Equal(new(2, "", $"{_folder.RunFile}: name: another run is called 'four-domains'{because} this one another name\n"), run);
    }

    [Fact]
    public async Task Launch_says_what_was_added_to_a_completed_run_and_follows_it()
    {
        var cluster = new FakeCluster { Answer = new(LaunchOutcome.Extended, "branch code, mixture bam-2") };
        cluster.Add(Statuses.Branching with { Name = "four-domains" }, Statuses.Completed with { Name = "four-domains" });
        var run = await ConsoleRun.Of(cluster, cancellation: TestContext.Current.CancellationToken, arguments: ["launch", _folder.RunFile]);

        Assert.Equal((0, "four-domains was extended: branch code, mixture bam-2\n"), (run.ExitCode, run.Error));
        Assert.Contains("│ bam   │   4.000 │", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_leaves_the_run_going_when_it_is_interrupted()
    {
        _cluster.Add(Statuses.Branching);
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        interrupt.CancelAfter(TimeSpan.FromMilliseconds(200));

        var run = await ConsoleRun.Of(_cluster, cancellation: interrupt.Token, arguments: ["watch", "four"]);

        Assert.Equal((130, "four goes on; come back with: bam watch four\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("eval four/bam --stride 64")]
    [InlineData("eval four/bam --batch 4")]
    public async Task Measures_nothing_anew_without_text(string line) =>
        Assert.Equal(new(2, "", "bam: --stride and --batch need text to evaluate: give it with --data FILE\n"), await Run(line));

    [Fact]
    public async Task Puts_every_problem_of_a_run_file_on_a_line()
    {
        await File.WriteAllTextAsync(_folder.RunFile, RunFolder.Valid.Replace("keep: 3", "keep: 1", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        Assert.Equal(new(2, "", $"{_folder.RunFile}:26: checkpoints.keep: must be at least 2, not 1\n"), await Run($"plan {_folder.RunFile}"));
    }

    [Theory]
    [InlineData("plan RUNFILE", "experts: [seed, law, seed, seed]", "btx: seed is listed 3 times: experts that begin as twins\n")]
    [InlineData("launch RUNFILE --detach", "experts: [law, law, seed, seed]", "btx: law is listed 2 times: experts that begin as twins\nbtx: seed is listed 2 times: experts that begin as twins\n")]
    [InlineData("plan RUNFILE", "ffn_renormalise: true", "btx: ffn_renormalise with ffn_top_k: 1 makes every gate 1: its FFN routers learn from the auxiliary losses only\n")]
    [InlineData("plan RUNFILE", "router_std: 0", "btx: with router_std: 0 every token begins at the first expert\n")]
    [InlineData("plan RUNFILE", "ffn_reinitialise: 0.5, experts: [seed, law, seed]", "")]
    [InlineData("plan RUNFILE", "experts: [seed, law]", "")]
    public async Task Warns_of_what_is_no_mistake_but_worth_a_line(string line, string experts, string warnings)
    {
        await File.WriteAllTextAsync(
            _folder.RunFile, RunFolder.Valid.Replace("attention: averaged", $"{experts}, attention: averaged", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var run = await Run(line.Replace("RUNFILE", _folder.RunFile, StringComparison.Ordinal));

        Assert.Equal((0, warnings), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Tells_an_error_that_nobody_expected_in_a_line_with_its_log()
    {
        var home = _folder.Folder;
        var run = await ConsoleRun.Of(
            _cluster, new BrokenEvaluation(), cancellation: TestContext.Current.CancellationToken, arguments: ["eval", Model(), "--data", $"{home}/data", "--home", home]);

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Matches($@"\Abam: internal error: a bug \(details: {home}/logs/bam-.*\.log\)\n\z", run.Error);
        var log = Assert.Single(Directory.GetFiles(Path.Combine(home, "logs")));
        Assert.Contains(nameof(BrokenEvaluation), await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan RUNFILE --json", "models")]
    [InlineData("plan RUNFILE --json --flops-per-second 1e12", "phases")]
    [InlineData("status four --json", "evaluations")]
    [InlineData("watch four --json", "phase")]
    [InlineData("launch RUNFILE --detach --json", "outcome")]
    [InlineData("cluster status --json", "devices")]
    [InlineData("cluster up --json --silos 3", "silos")]
    [InlineData("cluster down --json", "stopped")]
    [InlineData("eval four/law --json", "evaluations")]
    [InlineData("eval MODEL --data DATA --json", "evaluations")]
    [InlineData("export SEED --out HOME/copy --json", "files")]
    [InlineData("plan tiny --json", "models")]
    [InlineData("cluster schema --json", "sql")]
    [InlineData("doctor --json --home HOME", "checks")]
    [InlineData("demo --json --out HOME --steps-scale 0.01", "evaluations")]
    public async Task Writes_one_json_document(string line, string key)
    {
        _folder.SeedCheckpoint();
        _cluster.Add(Statuses.Completed);
        _cluster.Add(Statuses.Completed with { Name = "demo" });
        var run = await Run(line.Replace("RUNFILE", _folder.RunFile, StringComparison.Ordinal)
            .Replace("MODEL", Model(), StringComparison.Ordinal)
            .Replace("SEED", $"{_folder.Folder}/seed", StringComparison.Ordinal)
            .Replace("DATA", $"{_folder.Folder}/data", StringComparison.Ordinal)
            .Replace("HOME", _folder.Folder, StringComparison.Ordinal));

        Assert.Equal((0, true), (run.ExitCode, JsonDocument.Parse(run.Output).RootElement.TryGetProperty(key, out _)));
    }

    [Fact]
    public async Task Eval_has_the_contracts_keys()
    {
        _cluster.Add(Statuses.Completed);
        var rows = JsonDocument.Parse((await Run("eval four/law --json")).Output).RootElement.GetProperty("evaluations");

        Assert.Equal(2, rows.GetArrayLength());
        Assert.Equal((1000, 2.0, 1.0), (rows[0].GetProperty("tokens").GetInt64(), Math.Round(rows[0].GetProperty("perplexity").GetDouble(), 9), rows[0].GetProperty("bits_per_byte").GetDouble()));
        Assert.Equal(Math.Log(2), rows[0].GetProperty("nll").GetDouble());
    }

    [Fact]
    public async Task Eval_says_what_the_run_measured_with_window_stride_and_routing()
    {
        _cluster.Add(Statuses.Completed with { Evaluations = Statuses.Routed });
        var text = (await Run("eval four/bam")).Output;
        var rows = JsonDocument.Parse((await Run("eval four/bam --json")).Output).RootElement.GetProperty("evaluations");

        Assert.Contains("│ law     │  1,000 │ 0.6931 │      2.000 │    1.0000 │    256 │    128 │", text, StringComparison.Ordinal);
        Assert.Contains("│ general │  1,000 │ 1.3863 │      4.000 │    2.0000 │      - │      - │", text, StringComparison.Ordinal);
        Assert.Contains("Expert shares of four/bam: attention", text, StringComparison.Ordinal);
        var law = rows[1];
        Assert.Equal((256, 128, 2), (law.GetProperty("window").GetInt32(), law.GetProperty("stride").GetInt32(), law.GetProperty("routing").GetArrayLength()));
        Assert.Equal([0.25, 0.75, 0], law.GetProperty("routing")[1].GetProperty("ffn_shares").EnumerateArray().Select(share => share.GetDouble()));
        Assert.Equal(["seed", "law", "seed"], law.GetProperty("experts").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task Eval_of_files_says_window_and_stride() =>
        Assert.Contains("│    256 │     64 │", (await Run($"eval {Model()} --data {_folder.Folder}/data --stride 64")).Output, StringComparison.Ordinal);

    [Fact]
    public async Task Status_has_what_each_models_training_took()
    {
        _cluster.Add(Statuses.Completed);
        var seed = JsonDocument.Parse((await Run("status four --json")).Output).RootElement.GetProperty("members")[0];

        Assert.Equal((1_638_400, 3.2e13), (seed.GetProperty("tokens").GetInt64(), seed.GetProperty("flops").GetDouble()));
        Assert.Contains("│ seed  │   8.000 │  4.000 │   6.000 │ 1.64 M │  32 T │", (await Run("status four")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_ends_with_1_and_the_fix_when_something_fails()
    {
        var run = await ConsoleRun.Of(
            _cluster, torch: () => throw new DllNotFoundException("libtorch.so not found"), cancellation: TestContext.Current.CancellationToken,
            arguments: ["doctor", "--home", _folder.Folder]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("libtorch.so not found", run.Output, StringComparison.Ordinal);
        Assert.Contains("fix: run 'dotnet restore', or name a libtorch folder", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "ok   kernels", "compile for this GPU: bf16 trains by our own step")]
    [InlineData("no run-time compiler (libnvrtc.so)", "none kernels", "no run-time compiler (libnvrtc.so): bf16 trains by autograd, which is slower")]
    public async Task Doctor_says_how_a_GPU_trains(string? problem, string verdict, string text)
    {
        var run = await ConsoleRun.Of(
            _cluster, torch: () => new("libtorch 2.11", HasGpu: true, problem), cancellation: TestContext.Current.CancellationToken,
            arguments: ["doctor", "--home", _folder.Folder]);

        Assert.Contains(run.Output.Split('\n'), line => line.StartsWith(verdict, StringComparison.Ordinal) && line.Contains(text, StringComparison.Ordinal));
        Assert.DoesNotContain("kernels", (await Run("doctor")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_writes_a_valid_run_file_and_stops_its_cluster()
    {
        _cluster.IsUp = false;
        _cluster.Add(Statuses.Completed with { Name = "demo" });
        for (var i = 1; i <= 2; i++) Assert.Equal(0, (await Run($"demo --out {_folder.Folder}/demos --silos 3")).ExitCode);

        Assert.Equal(["up 3 cpu", "down", "up 3 cpu", "down"], _cluster.Calls);
        Assert.Equal(["001", "002"], Directory.GetDirectories($"{_folder.Folder}/demos").Select(Path.GetFileName).Order());
        Assert.Equal(["btx", "bam", "bam-shared"], _cluster.Launched!.Mixtures.Select(mixture => mixture.Name));
    }

    [Fact]
    public async Task Demo_stops_its_cluster_when_it_is_interrupted()
    {
        _cluster.Add(Statuses.Branching with { Name = "demo" });
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        interrupt.CancelAfter(TimeSpan.FromMilliseconds(500));

        var run = await ConsoleRun.Of(_cluster, cancellation: interrupt.Token, arguments: ["demo", "--out", _folder.Folder]);

        Assert.Equal((130, "down"), (run.ExitCode, _cluster.Calls[^1]));
    }

    [Fact]
    public async Task Demo_leaves_its_cluster_up_when_asked()
    {
        _cluster.Add(Statuses.Completed with { Name = "demo" });
        await Run($"demo --out {_folder.Folder} --keep");

        Assert.DoesNotContain("down", _cluster.Calls);
    }

    private Task<ConsoleRun> Run(string line) =>
        ConsoleRun.Of(_cluster, cancellation: TestContext.Current.CancellationToken, arguments: line.Split(' '));

    private string Model()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Folder, "model")).FullName;
        File.WriteAllText(Path.Combine(folder, "model.safetensors"), "");
        File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
        return folder;
    }

    private sealed class BrokenEvaluation : Client.Verbs.IModelEvaluation
    {
        public IReadOnlyList<Client.Verbs.EvaluationRow> Evaluate(string modelFolder, IReadOnlyList<string> files, int? stride, int batch, CancellationToken cancellation) =>
            throw new InvalidOperationException("a bug");
    }
}
