using Bam.Grains.Devices;
using Bam.Grains.Hosting;
using Bam.Grains.Telemetry;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Members;

/// <summary>What a training grain needs of its silo.</summary>
internal sealed record MemberServices(
    DeviceWorker Worker, SiloEnd SiloEnd, TrainingHostOptions Options, TrainingMetrics Metrics, TimeProvider Time, ILogger<TrainingGrain> Logger);
