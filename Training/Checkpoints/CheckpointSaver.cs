using System.Diagnostics;
using System.Runtime.InteropServices;
using Bam.Training.Faults;
using Bam.Training.Model;
using Bam.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Checkpoints;

/// <summary>
/// Saves without stopping the training for longer than a copy: the training thread copies weights and moments into staging memory (pinned
/// where the device is CUDA, and then it only enqueues the copy), another thread checks that all is finite, hashes, writes, syncs and
/// publishes; with a large model it takes only the processor time that the training leaves. One save at a time; who calls while it is busy waits for it.
/// </summary>
public sealed unsafe class CheckpointSaver : IDisposable
{
    private const int Part = 1 << 18, HeaderLine = 256, SmallFiles = 1 << 16;
    private const long Large = 100_000_000;                                    // bytes: a tenth of a second to hash

    private static readonly Scalar NanScalar = double.NaN.ToScalar();
    private static readonly TimeSpan CopyLimit = TimeSpan.FromMinutes(10), SmallGrace = TimeSpan.FromSeconds(2);

    private readonly MemberStore _store;
    private readonly ParameterSet _parameters;
    private readonly AdamW _optimizer;
    private readonly IReadOnlyDictionary<string, byte[]> _extras;
    private readonly int _keep;
    private readonly IFaults _faults;
    private readonly List<Tensor> _staging = [];
    private readonly List<(nint Address, int Length)> _weights = [], _moments = [];
    private Task _writing = Task.CompletedTask;

    /// <param name="store">Where to publish.</param>
    /// <param name="parameters">Weights to save.</param>
    /// <param name="optimizer">Moments to save.</param>
    /// <param name="extras">Further small files, by name, such as a tokenizer.</param>
    /// <param name="keep">Newest checkpoints that stay.</param>
    /// <param name="faults">Faults that a test or a drill ordered; null for none.</param>
    public CheckpointSaver(
        MemberStore store, ParameterSet parameters, AdamW optimizer, IReadOnlyDictionary<string, byte[]> extras, int keep,
        IFaults? faults = null)
    {
        _store = store;
        _parameters = parameters;
        _optimizer = optimizer;
        _extras = extras;
        _keep = keep;
        _faults = faults ?? NoFaults.Instance;
    }

    /// <summary>Bytes of the weights and moments.</summary>
    public long Bytes => TensorLayout.Parameters(_parameters.Config) * 3 * sizeof(float);

    /// <summary>Whether a save is being written.</summary>
    public bool IsBusy => !_writing.IsCompleted;

    /// <summary>How long a training may wait for the save before: small ones are written in a moment, so none of them has to be put off.</summary>
    public TimeSpan Grace => Bytes >= Large ? TimeSpan.Zero : SmallGrace;

    /// <summary>Room that a whole checkpoint needs: its tensors, their headers (a line for each tensor), what is given, and the small files.</summary>
    private long Room(byte[]? history) => Bytes + (history?.Length ?? 0) + (_parameters.Specs.Count * 3 * HeaderLine) + _extras.Values.Sum(content => (long)content.Length) + SmallFiles;

    /// <summary>Copies the state and starts to write it. Call it on the training thread.</summary>
    /// <param name="state">State at this step.</param>
    /// <param name="parent">Folder that this attempt went on from.</param>
    /// <param name="published">Called on the writing thread, with the checkpoint or the reason why there is none.</param>
    /// <param name="history">The loss so far; null for none.</param>
    /// <returns>Time that the training stood still.</returns>
    public TimeSpan Save(TrainingState state, string? parent, Action<SaveOutcome> published, TrainingHistory? history = null)
    {
        var began = Stopwatch.GetTimestamp();
        Wait();
        Stage();
        var held = Stopwatch.GetElapsedTime(began);
        _writing = Task.Factory.StartNew(
            () =>
            {
                if (Bytes >= Large)
                    Niceness.YieldToAll();
                published(Write(state, parent, history is null ? null : CheckpointJson.WriteDense(history), held));
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return held;
    }

    /// <summary>Waits until the last save is published or has failed.</summary>
    public void Wait() => _writing.GetAwaiter().GetResult();

    /// <summary>Waits for the last save, but not for long.</summary>
    public void Wait(TimeSpan time) => Task.WaitAny([_writing], time);

    public void Dispose()
    {
        Task.WaitAny(_writing);
        foreach (var tensor in _staging)
            tensor.Dispose();
    }

    private void Stage()
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var sources = _parameters.Masters.Concat(_optimizer.FirstMoments).Concat(_optimizer.SecondMoments).Append(_optimizer.Steps).ToArray();
        if (_staging.Count == 0)
        {
            foreach (var source in sources)
                _staging.Add(HostMemory.Zeros(source.shape, source.device).DetachFromDisposeScope());
            var places = _staging.Select(tensor =>
            {
                var floats = MemoryMarshal.Cast<byte, float>(tensor.bytes);
                return ((nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(floats)), floats.Length);
            }).ToArray();
            _weights.AddRange(places[.._parameters.Masters.Count]);
            _moments.AddRange(places[_parameters.Masters.Count..]);
        }

        _staging[^1].fill_(NanScalar);                                         // the update count comes last, and then all has come
        for (var i = 0; i < sources.Length; i++)
            _staging[i].copy_(sources[i], nonBlocking: true);
    }

    /// <summary>Waits for the copies that the device was asked for. They come in order, so no device is asked: that could disturb the training.</summary>
    private void Arrive(TrainingState state)
    {
        var began = Stopwatch.GetTimestamp();
        while (float.IsNaN(Volatile.Read(ref *(float*)_moments[^1].Address)))
        {
            if (Stopwatch.GetElapsedTime(began) > CopyLimit)
                throw new CheckpointException($"{state.Member}: step {state.Step} not saved: the device did not hand its state over in {CopyLimit.TotalMinutes} min");
            Thread.Sleep(1);
        }
    }

    private SaveOutcome Write(TrainingState state, string? parent, byte[]? history, TimeSpan held)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            Arrive(state);
            At(FaultPoint.SaveStaged, state);
            if (!_store.HasRoom(Room(history)))
                _store.Prune(_keep);                                           // what an earlier save could not remove
            var checkpoint = _store.Publish(
                state.Step, state.Attempt, parent, Room(history), folder => WriteFiles(folder, state, history), () => At(FaultPoint.SaveManifest, state));
            At(FaultPoint.SavePublished, state);
            _store.Prune(_keep);
            At(FaultPoint.SavePruned, state);
            return new SaveOutcome(checkpoint, null, Bytes, held, Stopwatch.GetElapsedTime(began));
        }
        catch (Exception e) when (e is CheckpointException or IOException or UnauthorizedAccessException)
        {
            return new SaveOutcome(null, e as CheckpointException ?? MemberStore.NotSaved(_store.Folder, e), Bytes, held, Stopwatch.GetElapsedTime(began));
        }
    }

    private Dictionary<string, FileEntry> WriteFiles(string folder, TrainingState state, byte[]? history)
    {
        var specs = _parameters.Specs;
        var files = new Dictionary<string, FileEntry>();
        string In(string name) => Path.Combine(folder, name);
        files[Checkpoint.ModelFile] = SafeTensorsWriter.Write(
            In(Checkpoint.ModelFile), [.. specs.Select(spec => (spec.Name, spec.Shape))], (i, write) => Pass(_weights[i], specs[i].Name, state, write));
        At(FaultPoint.SaveWeights, state);
        (string, IReadOnlyList<long>)[] tensors =
        [
            .. specs.Select(spec => (OptimizerFile.First(spec), spec.Shape)), .. specs.Select(spec => (OptimizerFile.Second(spec), spec.Shape)),
            (OptimizerFile.Steps, []),
        ];
        files[Checkpoint.OptimizerFile] = SafeTensorsWriter.Write(
            In(Checkpoint.OptimizerFile), tensors, (i, write) => Pass(_moments[i], tensors[i].Item1, state, write));
        At(FaultPoint.SaveOptimizer, state);
        files[Checkpoint.StateFile] = DurableFile.Write(In(Checkpoint.StateFile), CheckpointJson.Write(state));
        files[Checkpoint.ConfigFile] = DurableFile.Write(In(Checkpoint.ConfigFile), System.Text.Encoding.UTF8.GetBytes(_parameters.Config.ToJson() + "\n"));
        if (history is not null)
            files[TrainingHistory.FileName] = DurableFile.Write(In(TrainingHistory.FileName), history);
        foreach (var (name, content) in _extras)
            files[name] = DurableFile.Write(In(name), content);
        return files;
    }

    private void At(FaultPoint point, TrainingState state) => _faults.At(point, state.Member, state.Step);

    /// <summary>Hands a tensor on in parts that stay in the processor's cache while they are checked, hashed and written.</summary>
    private static void Pass((nint Address, int Length) place, string name, TrainingState state, Action<ReadOnlySpan<float>> write)
    {
        for (var values = new ReadOnlySpan<float>((float*)place.Address, place.Length); !values.IsEmpty; values = values[Math.Min(Part, values.Length)..])
        {
            var part = values[..Math.Min(Part, values.Length)];
            if (!FiniteCheck.AreFinite(part))
                throw new NonFiniteException($"{state.Member}: step {state.Step} not saved: {name} has numbers that are not finite");
            write(part);
        }
    }
}
