using Bam.Contracts.Status;
using Bam.Training.Optimization;

namespace Bam.Training.Checkpoints;

/// <summary>
/// Content of <c>history.json</c>: the loss over the training that leads to a checkpoint, of bounded size. It is a function of the steps
/// done and of nothing else, so a training that died and went on has the history of one that did not.
/// </summary>
public sealed record TrainingHistory
{
    public const string FileName = "history.json";

    public const int MostPoints = 500, MostEvaluations = 250;

    /// <summary>Step at which the curve begins: not 0 after a checkpoint that is older than this file.</summary>
    public long Start { get; init; }

    /// <summary>Training loss; the last point may still grow.</summary>
    public IReadOnlyList<CurvePoint> Training { get; init; } = [];

    /// <summary>Readings that make one point: doubled each time that neighbours are merged.</summary>
    public int ReadingsPerPoint { get; init; } = 1;

    /// <summary>Readings that the last point has so far.</summary>
    public int ReadingsInLast { get; init; }

    /// <summary>Losses that no reading has taken in yet.</summary>
    public UnreadLoss Unread { get; init; }

    /// <summary>Validation losses, ascending by step.</summary>
    public IReadOnlyList<ValidationPoint> Validation { get; init; } = [];

    /// <summary>Evaluations made so far, thinned ones included.</summary>
    public long Evaluations { get; init; }

    /// <summary>One evaluation in so many is kept, and the newest.</summary>
    public long EvaluationsPerKept { get; init; } = 1;

    /// <summary>Adds a reading: the mean loss over the steps since the one before.</summary>
    public TrainingHistory With(CurvePoint reading)
    {
        if (Training.Count > 0 && ReadingsInLast < ReadingsPerPoint)
        {
            var before = Training.Count > 1 ? Training[^2].Step : Start;
            return this with { Training = [.. Training.SkipLast(1), Merge(before, Training[^1], reading)], ReadingsInLast = ReadingsInLast + 1 };
        }

        var longer = this with { Training = [.. Training, reading], ReadingsInLast = 1 };
        return longer.Training.Count > MostPoints ? longer.Halved() : longer;
    }

    /// <summary>Adds an evaluation: a point for each domain, at one step.</summary>
    public TrainingHistory With(IReadOnlyList<ValidationPoint> evaluation)
    {
        if (evaluation.Count == 0)
            return this;
        var isNewestForNow = Evaluations > 0 && (Evaluations - 1) % EvaluationsPerKept != 0;
        var kept = isNewestForNow ? Validation.Where(point => point.Step != Validation[^1].Step) : Validation;
        var longer = this with { Validation = [.. kept, .. evaluation], Evaluations = Evaluations + 1 };
        var steps = longer.Validation.Select(point => point.Step).Distinct().ToArray();
        if (steps.Length <= MostEvaluations)
            return longer;
        var stay = steps.Where((_, index) => index % 2 == 0).Append(steps[^1]).ToHashSet();
        return longer with { Validation = [.. longer.Validation.Where(point => stay.Contains(point.Step))], EvaluationsPerKept = EvaluationsPerKept * 2 };
    }

    /// <summary>The history in a checkpoint; one that begins there when the checkpoint is older than this file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public static TrainingHistory Of(Checkpoint checkpoint) => checkpoint.Manifest.Files.ContainsKey(FileName)
        ? CheckpointJson.Read<TrainingHistory>(Path.Combine(checkpoint.Folder, FileName))
        : new TrainingHistory { Start = checkpoint.Manifest.Step };

    private TrainingHistory Halved()
    {
        var points = new List<CurvePoint>();
        for (var i = 0; i + 1 < Training.Count; i += 2)
            points.Add(Merge(i > 0 ? Training[i - 1].Step : Start, Training[i], Training[i + 1]));
        return this with { Training = [.. points, Training[^1]], ReadingsPerPoint = ReadingsPerPoint * 2 };
    }

    /// <summary>The mean over the steps of two neighbours.</summary>
    private static CurvePoint Merge(long before, CurvePoint first, CurvePoint second)
    {
        double steps = second.Step - before, later = second.Step - first.Step;
        return second with { Loss = first.Loss + ((second.Loss - first.Loss) * later / steps) };
    }
}
