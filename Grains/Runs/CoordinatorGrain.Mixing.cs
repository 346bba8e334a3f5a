using System.Collections.Concurrent;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Faults;
using Bam.Training.Mixing;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Runs;

/// <summary>
/// Gathering and mixing: file work on a thread of its own, looked at once a tick. A mixture trains as soon as it is built, while others
/// are built still; one whose experts are all there is built ahead, while branches train, where a device has nothing else to do.
/// </summary>
internal sealed partial class CoordinatorGrain
{
    // What verification found sound, by folder: mixtures of one phase share it.
    private readonly ConcurrentDictionary<string, Checkpoint> _sound = [];
    private readonly HashSet<string> _notAhead = [];
    private Task<IReadOnlyList<(string Member, string? Problem)>>? _gathering;
    private (MemberRecord Member, Task<List<string>?> Lines)? _building;

    private IReadOnlyList<MemberRecord> DenseModels => [.. Run.Members.Where(member => member.Status.Kind != MemberKind.Mixture)];

    private MemberRecord[] BuiltMixtures() => [.. Run.Members.Where(member => member is { IsBuilt: true, Status.Kind: MemberKind.Mixture })];

    private MemberRecord[] UnbuiltMixtures() => [.. Run.Members.Where(member => member is { IsBuilt: false, HasEnded: false, Status.Kind: MemberKind.Mixture })];

    /// <summary>Verifies every dense model's last checkpoint, byte by byte. A damaged one sends its branch back to train from the one before.</summary>
    private async Task Gather(TimeSpan since)
    {
        await Drive(BuiltMixtures(), since);
        var experts = DenseModels;
        _gathering ??= Work(() => (IReadOnlyList<(string, string?)>)
            [.. experts.AsParallel().AsOrdered().Select(expert => (expert.Status.Name, Verify(expert.Status.Name, expert.Checkpoint!)))]);
        if (!_gathering.IsCompleted)
            return;
        var verified = _gathering;
        _gathering = null;
        var damaged = (await verified).Where(result => result.Problem is not null).ToArray();
        foreach (var (name, problem) in damaged)
        {
            var member = experts.Single(expert => expert.Status.Name == name);
            await Grain(member).Reopen($"its last checkpoint is damaged: {problem}");
            _events.Add(RunEventKind.CheckpointDamaged, name, $"{member.Checkpoint!.Folder}: {problem}", member.Checkpoint.Step);
            member.Status = member.Status with { State = MemberState.Recovering };
        }

        _sound.Clear();
        if (damaged.Length == 0)
            Begin(RunPhase.Mix);
        else
            Run.Phase = damaged.Any(result => result.Member == SeedModelSpec.MemberName) ? RunPhase.Seed : RunPhase.Branch;
    }

    /// <summary>Builds every mixture that is not built yet and trains those that are.</summary>
    private async Task Mix(TimeSpan since)
    {
        try
        {
            while (UnbuiltMixtures() is [var next, ..])
            {
                if (!await Build(next))
                {
                    Begin(RunPhase.Gather);   // an expert was damaged since
                    return;
                }

                if (_building is not null)
                    break;
            }
        }
        catch (Exception e) when (IsMixFailure(e))
        {
            await End(RunPhase.Failed, e.Message.Split('\n')[0]);
            return;
        }

        await Drive(BuiltMixtures(), since);
        if (_building is null)
            Begin(RunPhase.Continue);
    }

    /// <summary>Builds a mixture whose experts are all there, for a device that would stand idle while the branches train.</summary>
    private async Task BuildAhead()
    {
        var next = _building?.Member ?? UnbuiltMixtures().FirstOrDefault(member => !_notAhead.Contains(member.Status.Name) && HasItsExperts(member));
        if (next is null || (_building is null && !await HasIdleDevice()))
            return;
        try
        {
            if (await Build(next))
                return;
        }
        catch (Exception e) when (IsMixFailure(e))
        {
            LogNotAhead(Spec.Name, next.Status.Name, e.Message.Split('\n')[0]);
        }

        _notAhead.Add(next.Status.Name);   // what is wrong comes to light, and is dealt with, when its turn comes
    }

    private bool HasItsExperts(MemberRecord mixture) => Spec.Mixtures.Single(spec => spec.Name == mixture.Status.Name).Experts
        .Append(SeedModelSpec.MemberName).All(name => Run.Members.Single(member => member.Status.Name == name).Status.State == MemberState.Completed);

    private async Task<bool> HasIdleDevice() =>
        Run.Members.All(member => member.HasEnded || member.Lease is not null || member is { IsBuilt: false, Status.Kind: MemberKind.Mixture })
        && (await GrainFactory.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).List()).Any(device => device.Holder is null);

    /// <summary>
    /// Works on one mixture, which is published as step 0; an ensemble has no weights of its own. Done again after a death, it gives the same bytes.
    /// </summary>
    /// <returns>False when an expert's checkpoint is not sound.</returns>
    private async Task<bool> Build(MemberRecord mixture)
    {
        if (_building is null)
        {
            var spec = Spec.Mixtures.Single(spec => spec.Name == mixture.Status.Name);
            var sources = DenseModels.Where(member => member.Status.Name == SeedModelSpec.MemberName || spec.Experts.Contains(member.Status.Name))
                .Select(member => (member.Status.Name, member.Checkpoint!.Folder)).ToArray();
            var (run, seed) = (Spec.Name, Spec.Seed);
            _building = (mixture, spec.Kind == MixtureKind.Ensemble ? Task.FromResult<List<string>?>([]) : Work(() => Build(run, seed, spec, sources)));
        }

        var (member, lines) = _building.Value;
        await Task.WhenAny(lines, Task.Delay(AnswerPause, time));
        if (!lines.IsCompleted)
            return true;
        _building = null;
        if (await lines is not { } told)
            return false;
        foreach (var text in told)
            _events.Add(RunEventKind.Mixed, member.Status.Name, text);
        member.IsBuilt = true;
        await Save();   // before it trains: nobody else looks into its folder from now on
        return true;
    }

    /// <returns>Lines on the mixture; null when a dense model's checkpoint is not sound.</returns>
    private List<string>? Build(string run, long seed, MixtureSpec mixture, (string Name, string Folder)[] dense)
    {
        var sources = dense.AsParallel().AsOrdered().Select(model => (model.Name, Sound: Sound(model.Folder))).ToArray();
        if (sources.Any(model => model.Sound is null))
            return null;
        var member = new CheckpointStore(options.Store).Open(run, mixture.Name);
        options.Faults.At(FaultPoint.Mix, mixture.Name, step: 0);
        var built = member.Newest(out _) ?? Mixer.Mix([.. sources.Select(model => new MixSource(model.Name, model.Sound!))], mixture, seed, member);
        options.Faults.At(FaultPoint.Mixed, mixture.Name, step: 0);
        return
        [
            $"{Count(mixture.Experts)} ({string.Join(", ", mixture.Experts)}): {built.ModelSha256[..12]}",
            .. (MixReceipt.Read(built.Folder)?.Warnings ?? []).Select(warning => $"warning: {warning}"),
        ];
    }

    private Checkpoint? Sound(string folder)
    {
        if (!_sound.TryGetValue(folder, out var known) && MemberStore.Verify(folder).Sound is { } sound)
            known = _sound[folder] = sound;
        return known;
    }

    private static bool IsMixFailure(Exception failure) => failure is MixException or CheckpointException or IOException or UnauthorizedAccessException;

    /// <returns>What is wrong with a dense model's last checkpoint; null when it is sound.</returns>
    private string? Verify(string expert, CheckpointRef checkpoint)
    {
        options.Faults.At(FaultPoint.Gather, expert, checkpoint.Step);
        return MemberStore.Verify(checkpoint.Folder).Problem;
    }

    private static string Count(IReadOnlyList<string> experts) => experts.Count == 1 ? "1 expert" : $"{experts.Count} experts";

    private static Task<T> Work<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    [LoggerMessage(2303, LogLevel.Warning, "Run {Run}: {Mixture} is not built ahead of the branches: {Reason}")]
    private partial void LogNotAhead(string run, string mixture, string reason);
}
