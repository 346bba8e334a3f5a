using Bam.Contracts.Status;

namespace Bam.Benchmarks;

/// <summary>The same branches on one device, one after another, and on several at once.</summary>
/// <param name="One">On one device.</param>
/// <param name="Many">On all devices.</param>
/// <param name="GatherSeconds">Verifying all checkpoints of the second run.</param>
/// <param name="MixSeconds">Building one BAM mixture of all its branches.</param>
/// <param name="SameWeights">Whether every branch ended with the same bits in both.</param>
internal sealed record Scaling(Scaling.Phase One, Scaling.Phase Many, double GatherSeconds, double MixSeconds, bool SameWeights)
{
    /// <summary>Tokens/s while training of all devices together over N times that of one.</summary>
    public double TrainingEfficiency => Many.TrainingTokensPerSecond / (Many.Devices.Count * One.TrainingTokensPerSecond);

    /// <summary>The same from the beginning to the end of the phase: set-up, saves, evaluations and coordination counted.</summary>
    public double WallEfficiency => Many.WallTokensPerSecond / (Many.Devices.Count * One.WallTokensPerSecond);

    /// <summary>A branch phase.</summary>
    /// <param name="WallSeconds">From its beginning to the beginning of the next phase.</param>
    /// <param name="Branches">The branches.</param>
    public sealed record Phase(double WallSeconds, IReadOnlyList<Branch> Branches)
    {
        public IReadOnlyList<Device> Devices =>
            [.. Branches.GroupBy(branch => branch.Device).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => Device.Of(group.Key, [.. group], WallSeconds))];

        public long Tokens => Branches.Sum(branch => branch.Tokens);

        /// <summary>Tokens a second of all devices together, while they make steps.</summary>
        public double TrainingTokensPerSecond => Devices.Sum(device => device.TokensPerSecond);

        public double WallTokensPerSecond => Tokens / WallSeconds;
    }

    /// <summary>A trained branch.</summary>
    /// <param name="Device">Silo and device, such as <c>silo-1/cuda:0</c>.</param>
    /// <param name="EndedSeconds">When its end was known, from the beginning of the phase.</param>
    /// <param name="Spent">Where its time went.</param>
    /// <param name="Hash">SHA-256 of its weights.</param>
    public sealed record Branch(string Name, string Device, long Tokens, double EndedSeconds, TimeSpent Spent, string Hash)
    {
        /// <summary>Tokens a second while it makes steps.</summary>
        public double TokensPerSecond => Tokens / Spent.Stepping;
    }

    /// <summary>What a device did in the phase.</summary>
    /// <param name="Spent">Where the time of its branches went.</param>
    /// <param name="IdleSeconds">After its last branch, while others trained.</param>
    /// <param name="CoordinationSeconds">All the rest: leases, placement, noticing beginnings and ends, storing state.</param>
    public sealed record Device(string Name, int Branches, double TokensPerSecond, TimeSpent Spent, double IdleSeconds, double CoordinationSeconds)
    {
        public static Device Of(string name, IReadOnlyList<Branch> branches, double wallSeconds)
        {
            var spent = branches.Aggregate(TimeSpent.None, (sum, branch) => sum.Plus(branch.Spent));
            var idle = wallSeconds - branches.Max(branch => branch.EndedSeconds);
            return new(name, branches.Count, branches.Sum(branch => branch.Tokens) / spent.Stepping, spent, idle, wallSeconds - spent.Total - idle);
        }
    }
}
