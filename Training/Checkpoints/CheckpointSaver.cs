using System.Diagnostics;
using System.Runtime.InteropServices;
using Bam.Training.Faults;
using Bam.Training.Model;
using Bam.Training.Optimization;
using static TorchSharp.torch;

namespace Bam.Training.Checkpoints;

/// <summary>
/// Saves without stopping the training for longer than a copy: the training thread copies weights and moments into staging memory,
/// another thread hashes, writes, syncs and publishes. One save at a time; the next one waits for it.
/// </summary>
public sealed unsafe class CheckpointSaver : IDisposable
{
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

    /// <summary>Bytes of one checkpoint.</summary>
    public long Bytes => TensorLayout.Parameters(_parameters.Config) * 3 * sizeof(float);

    /// <summary>Copies the state and starts to write it. Call it on the training thread.</summary>
    /// <param name="state">State at this step.</param>
    /// <param name="parent">Folder that this attempt went on from.</param>
    /// <param name="published">Called on the writing thread, with the checkpoint or the reason why there is none.</param>
    /// <returns>Time that the training stood still.</returns>
    public TimeSpan Save(TrainingState state, string? parent, Action<SaveOutcome> published)
    {
        var began = Stopwatch.GetTimestamp();
        _writing.Wait();
        Stage();
        var held = Stopwatch.GetElapsedTime(began);
        _writing = Task.Factory.StartNew(() => published(Write(state, parent, held)), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return held;
    }

    /// <summary>Waits until the last save is published or has failed.</summary>
    public void Wait() => _writing.Wait();

    public void Dispose()
    {
        _writing.Wait();
        foreach (var tensor in _staging)
            tensor.Dispose();
    }

    private void Stage()
    {
        using var quiet = no_grad();
        var sources = _parameters.Masters.Concat(_optimizer.FirstMoments).Concat(_optimizer.SecondMoments).Append(_optimizer.Steps).ToArray();
        if (_staging.Count == 0)
        {
            foreach (var source in sources)
                _staging.Add(empty(source.shape, ScalarType.Float32).DetachFromDisposeScope());
            var places = _staging.Select(tensor =>
            {
                var floats = MemoryMarshal.Cast<byte, float>(tensor.bytes);
                return ((nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(floats)), floats.Length);
            }).ToArray();
            _weights.AddRange(places[.._parameters.Masters.Count]);
            _moments.AddRange(places[_parameters.Masters.Count..]);
        }

        for (var i = 0; i < sources.Length; i++)
            _staging[i].copy_(sources[i]);
    }

    private SaveOutcome Write(TrainingState state, string? parent, TimeSpan held)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            At(FaultPoint.SaveStaged, state);
            var checkpoint = _store.Publish(
                state.Step, state.Attempt, parent, Bytes, folder => WriteFiles(folder, state), () => At(FaultPoint.SaveManifest, state));
            At(FaultPoint.SavePublished, state);
            _store.Prune(_keep);
            At(FaultPoint.SavePruned, state);
            return new SaveOutcome(checkpoint, null, Bytes, held, Stopwatch.GetElapsedTime(began));
        }
        catch (CheckpointException e)
        {
            return new SaveOutcome(null, e, Bytes, held, Stopwatch.GetElapsedTime(began));
        }
    }

    private Dictionary<string, FileEntry> WriteFiles(string folder, TrainingState state)
    {
        var specs = _parameters.Specs;
        var files = new Dictionary<string, FileEntry>();
        string In(string name) => Path.Combine(folder, name);
        files[Checkpoint.ModelFile] = SafeTensorsWriter.Write(
            In(Checkpoint.ModelFile), [.. specs.Select(spec => (spec.Name, spec.Shape))], i => Values(_weights[i]));
        At(FaultPoint.SaveWeights, state);
        var moments = specs.Select(spec => (OptimizerFile.First(spec), spec.Shape)).Concat(specs.Select(spec => (OptimizerFile.Second(spec), spec.Shape)));
        files[Checkpoint.OptimizerFile] = SafeTensorsWriter.Write(
            In(Checkpoint.OptimizerFile), [.. moments, (OptimizerFile.Steps, [])], i => Values(_moments[i]));
        At(FaultPoint.SaveOptimizer, state);
        files[Checkpoint.StateFile] = DurableFile.Write(In(Checkpoint.StateFile), CheckpointJson.Write(state));
        files[Checkpoint.ConfigFile] = DurableFile.Write(In(Checkpoint.ConfigFile), System.Text.Encoding.UTF8.GetBytes(_parameters.Config.ToJson() + "\n"));
        foreach (var (name, content) in _extras)
            files[name] = DurableFile.Write(In(name), content);
        return files;
    }

    private void At(FaultPoint point, TrainingState state) => _faults.At(point, state.Member, state.Step);

    private static ReadOnlySpan<float> Values((nint Address, int Length) place) => new((float*)place.Address, place.Length);
}
