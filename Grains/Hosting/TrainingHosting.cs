using Microsoft.Extensions.DependencyInjection;

namespace Bam.Grains.Hosting;

/// <summary>Wires training into a silo.</summary>
public static class TrainingHosting
{
    /// <summary>Adds the device slot, the session thread, the supervisor and the training metrics.</summary>
    public static ISiloBuilder AddBamTraining(this ISiloBuilder silo, TrainingHostOptions options)
    {
        silo.Services.AddSingleton(options);
        return silo;
    }
}
