using System.Diagnostics;
using System.Text.Json;

namespace Bam.Cluster;

/// <summary>A local cluster of real silo processes in a folder of its own. Disposing it leaves no process and no file.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    // Ports of our own: another cluster that looks for free ones must not take those of a silo that was just killed.
    internal static readonly int PortBase = 14_000 + Environment.ProcessId % 400 * 12;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly string _database;

    private const int NoCluster = 3;

    private static readonly TimeSpan NoAnswerLimit = TimeSpan.FromMinutes(2);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(4) };

    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(300);

    private long _lastAnswer = Stopwatch.GetTimestamp();

    private TestCluster(string home, string database) => (Home, _database) = (home, database);

    public string Home { get; }

    /// <summary>Folder in which its silos look for faults that are ordered of them.</summary>
    public string Faults => Path.Combine(Home, "faults");

    /// <summary>Store of a run's checkpoints of one model.</summary>
    public string StoreOf(string run, string member) => Path.Combine(Home, "store", run, member);

    /// <param name="silos">How many.</param>
    /// <param name="database">What <c>--database</c> says.</param>
    /// <param name="environment">Variables that the silos have beside those of this process.</param>
    public static async Task<TestCluster> Up(int silos, string database = "sqlite", params IEnumerable<KeyValuePair<string, string>> environment)
    {
        var cluster = new TestCluster(Directory.CreateTempSubdirectory("bam-cluster-").FullName, database);
        try
        {
            await cluster.Start(silos, environment);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <param name="silos">How many.</param>
    /// <param name="environment">Variables that the silos have beside those of this process.</param>
    public async Task Start(int silos, params IEnumerable<KeyValuePair<string, string>> environment) => (await BamProcess.Run(
            [new("Bam__Faults", Faults), .. environment], "cluster", "up", "--silos", $"{silos}", "--threads", "1", "--port-base", $"{PortBase}", "--database", _database, "--home", Home)).MustSucceed();

    public async Task Down() => (await BamProcess.Run("cluster", "down", "--home", Home)).MustSucceed();

    public async Task Launch(string runFile) => (await BamProcess.Run("launch", runFile, "--detach", "--home", Home)).MustSucceed();

    /// <summary>What <c>bam status --json</c> says: asked of the silos themselves while one answers, since each console is a process and takes a core from them.</summary>
    public async Task<RunView> Status(string run)
    {
        foreach (var port in HttpPorts())
        {
            if (await Get(port, $"/api/runs/{run}") is { } answer)
                return View(answer);
        }

        while (true)
        {
            var outcome = await BamProcess.Run("status", run, "--json", "--home", Home);
            if (outcome.ExitCode == NoCluster && Stopwatch.GetElapsedTime(_lastAnswer) < NoAnswerLimit)
                continue;   // every silo may be dead at the same moment
            return View(outcome.MustSucceed().Output);
        }
    }

    /// <summary>What a silo answers over HTTP.</summary>
    /// <returns>Null where it does not answer, or says that it cannot.</returns>
    public static async Task<string?> Get(int port, string path)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"));
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private RunView View(string json)
    {
        _lastAnswer = Stopwatch.GetTimestamp();
        using var document = JsonDocument.Parse(json);
        return new RunView(document.RootElement.Clone());
    }

    /// <summary>Waits until the run is as wanted; on the way a failed run, or the end of patience, is an error that shows the run.</summary>
    /// <param name="run">Name of the run.</param>
    /// <param name="wanted">What is waited for.</param>
    /// <param name="mayFail">Whether a failed run is no error.</param>
    public async Task<RunView> Until(string run, Predicate<RunView> wanted, bool mayFail = false)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var view = await Status(run);
            if (wanted(view))
                return view;
            if ((view.Phase == "failed" && !mayFail) || Stopwatch.GetElapsedTime(began) > Limit)
                throw new InvalidOperationException($"waited in vain:\n{view}\n{Logs()}");
            await Task.Delay(PollPause);
        }
    }

    public Task<RunView> Completed(string run) => Until(run, view => view.Phase == "completed");

    /// <summary>Kills a silo as a power cut would.</summary>
    /// <returns>When.</returns>
    public DateTime Kill(string silo)
    {
        Signals.Send(Processes()[silo], Signals.Kill);
        return DateTime.UtcNow;
    }

    /// <summary>Name of the silo that coordinates a run now: the last one to say so in its log.</summary>
    public string CoordinatorOf(string run) => Lines().Where(line => line.Text.Contains($" Run {run}: ", StringComparison.Ordinal)).MaxBy(line => line.Time).Silo;

    /// <summary>Every line of the silos' logs that starts with a time.</summary>
    public IEnumerable<(DateTime Time, string Silo, string Text)> Lines() =>
        from path in Directory.EnumerateFiles(Path.Combine(Home, "logs"), "silo-*.log")
        from text in File.ReadLines(path)
        where DateTime.TryParse(text.Split(' ')[0], null, System.Globalization.DateTimeStyles.AdjustToUniversal, out _)
        select (DateTime.Parse(text.Split(' ')[0], null, System.Globalization.DateTimeStyles.AdjustToUniversal), Path.GetFileNameWithoutExtension(path), text);

    public IReadOnlyList<int> HttpPorts()
    {
        using var state = State();
        return [.. state.RootElement.GetProperty("silos").EnumerateArray().Select(silo => silo.GetProperty("httpPort").GetInt32())];
    }

    public async ValueTask DisposeAsync()
    {
        await BamProcess.Run("cluster", "down", "--home", Home);
        Directory.Delete(Home, recursive: true);
    }

    /// <summary>Process numbers of the silos that live, by name.</summary>
    public Dictionary<string, int> Processes()
    {
        using var state = State();
        return state.RootElement.GetProperty("silos").EnumerateArray()
            .Where(silo => silo.GetProperty("process").ValueKind == JsonValueKind.Object)
            .ToDictionary(silo => silo.GetProperty("name").GetString()!, silo => silo.GetProperty("process").GetProperty("id").GetInt32());
    }

    /// <summary>Process number of the keeper.</summary>
    public int Keeper()
    {
        using var state = State();
        return state.RootElement.GetProperty("keeper").GetProperty("id").GetInt32();
    }

    /// <summary>What a watching console prints of a run that has ended: its events, a line each.</summary>
    public async Task<IReadOnlyList<string>> Events(string run) =>
        (await BamProcess.Run("watch", run, "--home", Home)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private JsonDocument State() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Home, "cluster.json")));

    private string Logs() => string.Join('\n', Lines().OrderBy(line => line.Time).TakeLast(60).Select(line => $"{line.Silo} {line.Text}"));
}
