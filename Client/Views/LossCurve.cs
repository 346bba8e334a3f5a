using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>The training loss of one model, as far as it is known, over its steps.</summary>
internal sealed class LossCurve
{
    private const int MostPoints = 1024;

    private readonly List<(long Step, double Loss)> _points = [];

    /// <summary>Takes a loss that was seen. A step that was seen before means that the model went back: what came after it is forgotten.</summary>
    public void See(long step, double loss)
    {
        if (_points.Count > 0 && step == _points[^1].Step) return;
        _points.RemoveAll(point => point.Step >= step);
        if (!double.IsFinite(loss)) return;
        _points.Add((step, loss));
        if (_points.Count > MostPoints) Merge();
    }

    /// <summary>Makes one point of the two neighbours that are nearest, so that old and new parts stay equally fine.</summary>
    private void Merge()
    {
        var at = Enumerable.Range(1, _points.Count - 2).MinBy(i => _points[i + 1].Step - _points[i - 1].Step);
        var ((before, _), (middle, loss), (end, next)) = (_points[at - 1], _points[at], _points[at + 1]);
        _points[at + 1] = (end, ((loss * (middle - before)) + (next * (end - middle))) / (end - before));
        _points.RemoveAt(at);
    }

    /// <summary>Takes the history in place of what was seen up to its end.</summary>
    public void Recall(IReadOnlyList<CurvePoint> history)
    {
        if (history.Count == 0) return;
        _points.RemoveAll(point => point.Step <= history[^1].Step);
        _points.InsertRange(0, history.Where(point => double.IsFinite(point.Loss)).Select(point => (point.Step, point.Loss)));
    }

    /// <summary>The curve in at most so many means over equal numbers of steps, oldest first; one without a point repeats the one before.</summary>
    public IReadOnlyList<double> In(int parts)
    {
        parts = Math.Min(parts, _points.Count);
        if (parts < 1) return [];
        var (first, steps) = (_points[0].Step, _points[^1].Step - _points[0].Step + 1.0);
        var means = new double?[parts];
        foreach (var part in _points.GroupBy(point => (int)((point.Step - first) / steps * parts)))
            means[part.Key] = part.Average(point => point.Loss);
        for (var i = 1; i < parts; i++) means[i] ??= means[i - 1];
        return [.. means.Select(mean => mean!.Value)];
    }
}
