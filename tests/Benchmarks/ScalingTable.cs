using System.Globalization;
using System.Text;

namespace Bam.Benchmarks;

/// <summary>The scaling as Markdown.</summary>
internal static class ScalingTable
{
    public static string Of(BenchmarkOptions options, Scaling scaling)
    {
        var text = new StringBuilder();
        Line($"{options.Branches} branches of {options.Model}, {options.Steps} steps of {options.Batch} x {options.Shape().Context} tokens each");
        Line($"");
        Line($"| devices | branch | device | tokens/s in steps | prepare s | steps s | saves s | evaluate s |");
        Line($"|---|---|---|---|---|---|---|---|");
        foreach (var (phase, branch) in Phases().SelectMany(phase => phase.Branches.Select(branch => (phase, branch))))
            Line($"| {phase.Devices.Count} | {branch.Name} | {branch.Device} | {branch.TokensPerSecond:N0} | {branch.Spent.Preparing:F1} | {branch.Spent.Stepping:F1} | {branch.Spent.Saving:F1} | {branch.Spent.Evaluating:F1} |");
        Line($"");
        Line($"| devices | device | branches | tokens/s in steps | busy s | idle at the end s | coordination s | of the wall |");
        Line($"|---|---|---|---|---|---|---|---|");
        foreach (var (phase, device) in Phases().SelectMany(phase => phase.Devices.Select(device => (phase, device))))
            Line($"| {phase.Devices.Count} | {device.Name} | {device.Branches} | {device.TokensPerSecond:N0} | {device.Spent.Total:F1} | {device.IdleSeconds:F1} | {device.CoordinationSeconds:F1} | {device.CoordinationSeconds / phase.WallSeconds:P1} |");
        Line($"");
        Line($"| devices | total tokens/s in steps | phase wall s | total tokens/s of the wall |");
        Line($"|---|---|---|---|");
        foreach (var phase in Phases())
            Line($"| {phase.Devices.Count} | {phase.TrainingTokensPerSecond:N0} | {phase.WallSeconds:F1} | {phase.WallTokensPerSecond:N0} |");
        Line($"| efficiency | {scaling.TrainingEfficiency:F3} | | {scaling.WallEfficiency:F3} |");
        Line($"");
        text.Append(CultureInfo.InvariantCulture, $"gather {scaling.GatherSeconds:F1} s, mix {scaling.MixSeconds:F1} s; every branch ended with the same weights in both: {(scaling.SameWeights ? "yes" : "no")}");
        return text.ToString();

        Scaling.Phase[] Phases() => [scaling.One, scaling.Many];

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
