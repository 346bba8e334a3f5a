using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>The training losses of a run's models: their history first, then what is seen of them.</summary>
internal sealed class LossCurves
{
    private readonly Dictionary<string, LossCurve> _curves = [];

    public LossCurve this[string model] => _curves.TryGetValue(model, out var curve) ? curve : _curves[model] = new();

    public void Recall(IEnumerable<ModelHistory> histories)
    {
        foreach (var history in histories) this[history.Name].Recall(history.Training);
    }

    public void See(RunStatus status)
    {
        foreach (var member in status.Members.Where(member => member.Step > 0)) this[member.Name].See(member.Step, member.Loss);
    }
}
