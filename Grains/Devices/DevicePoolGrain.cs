using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Orleans.Placement;

namespace Bam.Grains.Devices;

/// <summary>
/// Leases device slots first come, first served. A lease lives as long as its silo: the pool looks at the membership whenever it is asked,
/// so it needs no timers, and a holder that stops asking loses its place in the queue.
/// </summary>
[KeepAlive, Immovable]
internal sealed class DevicePoolGrain(
    [PersistentState("devices", TrainingGrainStorage.Name)] IPersistentState<DevicePoolState> state, DeviceSilos devices, TimeProvider time)
    : Grain, IDevicePoolGrain
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<Waiting> _queue = [];

    public async Task<DeviceLease?> Acquire(string holder, CancellationToken cancellation)
    {
        var silos = devices.Active;
        var changed = DropDead(silos);
        var lease = state.State.Leases.GetValueOrDefault(holder);
        if (lease is null)
        {
            var free = silos.Where(silo => state.State.Leases.Values.All(held => !held.Silo.Equals(silo.Address))).ToArray();
            if (Place(holder) < free.Length)
            {
                var silo = free[0];
                lease = new DeviceLease(holder, silo.Address, silo.Name, silo.Device);
                state.State.Leases[holder] = lease;
                _queue.RemoveAll(waiting => waiting.Holder == holder);
                changed = true;
            }
        }

        if (changed)
            await state.WriteStateAsync(cancellation);
        return lease;
    }

    public async Task Release(string holder, CancellationToken cancellation)
    {
        _queue.RemoveAll(waiting => waiting.Holder == holder);
        if (state.State.Leases.Remove(holder))
            await state.WriteStateAsync(cancellation);
    }

    public Task<IReadOnlyList<DeviceStatus>> List(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<DeviceStatus>>(
    [
        .. devices.Active.Select(silo => new DeviceStatus(silo.Name, silo.Address.Endpoint.ToString(), silo.Device,
            state.State.Leases.Values.FirstOrDefault(lease => lease.Silo.Equals(silo.Address))?.Holder)),
    ]);

    /// <summary>How many wait before this holder, who is put at the end when new.</summary>
    private int Place(string holder)
    {
        var now = time.GetUtcNow();
        _queue.RemoveAll(waiting => waiting.Holder != holder && now - waiting.Asked > Patience);
        var place = _queue.FindIndex(waiting => waiting.Holder == holder);
        if (place < 0)
        {
            place = _queue.Count;
            _queue.Add(new Waiting(holder, now));
        }

        _queue[place] = new Waiting(holder, now);
        return place;
    }

    private bool DropDead(IReadOnlyList<DeviceSilo> silos)
    {
        var dead = state.State.Leases.Values.Where(lease => silos.All(silo => !silo.Address.Equals(lease.Silo))).ToArray();
        foreach (var lease in dead)
            state.State.Leases.Remove(lease.Holder);
        return dead.Length > 0;
    }

    private sealed record Waiting(string Holder, DateTimeOffset Asked);
}
