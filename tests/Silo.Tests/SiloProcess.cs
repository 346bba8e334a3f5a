using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bam.Silo.Tests;

/// <summary>A real silo in a process of its own; killed at the end, however the test went.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new(), _output = new();
    private readonly HttpClient _http;

    private SiloProcess(Process process, int httpPort)
    {
        _process = process;
        _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}") };
        process.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
        process.OutputDataReceived += (_, line) => _output.AppendLine(line.Data);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>What it wrote to standard error; whole once it has ended.</summary>
    public string Errors => _errors.ToString().Trim();

    /// <summary>What it has logged; whole once it has ended.</summary>
    public string Output => _output.ToString();

    /// <summary>Its HTTP port, as a client of this host finds it.</summary>
    public Uri Address => _http.BaseAddress!;

    public static SiloProcess Start(string home, int portBase, params string[] options) => Start(home, portBase, [], options);

    /// <param name="home">Home folder of its cluster.</param>
    /// <param name="portBase">The first of its three ports.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="options">Options on its command line.</param>
    public static SiloProcess Start(string home, int portBase, IEnumerable<KeyValuePair<string, string>> environment, params string[] options)
    {
        // A shell starts what it runs in the background deaf to Ctrl-C, tests included, and deafness is inherited.
        var start = new ProcessStartInfo("env")
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--default-signal=INT", "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "Bam.Silo.dll"), $"--Bam:Home={home}",
                $"--Bam:SiloPort={portBase}", $"--Bam:GatewayPort={portBase + 1}", $"--Bam:HttpPort={portBase + 2}",
            },
        };
        foreach (var option in options) start.ArgumentList.Add(option);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new(Process.Start(start)!, portBase + 2);
    }

    /// <summary>Three loopback ports in a row, free now, from a range that the system does not hand out by itself.</summary>
    public static int FreePorts()
    {
        while (true)
        {
            var start = Random.Shared.Next(20000, 32000);
            if (Enumerable.Range(start, 3).All(IsFree)) return start;
        }
    }

    public Task<HttpResponseMessage> Get(string path, CancellationToken cancellation) =>
        _http.GetAsync(new Uri(path, UriKind.Relative), cancellation);

    /// <summary>Sends a request with headers of its own; follows no redirect and keeps no cookie.</summary>
    public Task<HttpResponseMessage> Send(
        HttpMethod method, string path, CancellationToken cancellation, HttpContent? content = null, params IEnumerable<KeyValuePair<string, string>> headers)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value), name);
        return _http.SendAsync(request, cancellation);
    }

    /// <summary>Waits until <paramref name="path"/> answers 200.</summary>
    public async Task WaitFor(string path, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                using var answer = await Get(path, limit.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                Assert.False(_process.HasExited, $"the silo ended: {Errors}");
            }
            await Task.Delay(50, limit.Token);
        }
    }

    public void Terminate() => Signal("TERM");

    /// <summary>Sends it a signal, such as <c>INT</c>.</summary>
    public void Signal(string name) => Process.Start("kill", [$"-{name}", $"{_process.Id}"]).WaitForExit();

    /// <summary>Waits up to 20 s for its end.</summary>
    public async Task<int> ExitCode(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _http.Dispose();
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
