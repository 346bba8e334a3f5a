using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Orleans.Placement;

namespace Bam.Grains.Devices;

/// <summary>
/// Leases device slots first come, first served. A lease ends with its silo: the pool looks at the membership whenever it is asked, so it
/// needs no timers. A holder that stops asking loses its place in the queue soon, and its lease once its session must have given up.
/// </summary>
[KeepAlive, Immovable]
internal sealed class DevicePoolGrain(
    [PersistentState("devices", TrainingGrainStorage.Name)] IPersistentState<DevicePoolState> state, DeviceSilos devices, TimeProvider time)
    : Grain, IDevicePoolGrain
{
    // A session that nobody renews ends after 60 s (MemberSession): a lease outlives it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), LeasePatience = TimeSpan.FromSeconds(120);

    private readonly List<Waiting> _queue = [];
    private readonly Dictionary<string, long> _asked = [];
    private readonly long _activated = time.GetTimestamp();                    // no wall clock: that may jump, and nobody shall lose a slot by it

    public async Task<DeviceLease?> Acquire(string holder, CancellationToken cancellation)
    {
        _asked[holder] = time.GetTimestamp();
        var changed = DropEnded();
        var lease = state.State.Leases.GetValueOrDefault(holder);
        if (lease is null)
        {
            var free = devices.Active.Where(silo => state.State.Leases.Values.All(held => !held.Silo.Equals(silo.Address))).ToArray();
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
            await Save();
        return lease;
    }

    public async Task Release(string holder, CancellationToken cancellation)
    {
        _queue.RemoveAll(waiting => waiting.Holder == holder);
        _asked.Remove(holder);
        if (state.State.Leases.Remove(holder))
            await Save();
    }

    public Task<IReadOnlyList<DeviceStatus>> List(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<DeviceStatus>>(
    [
        .. devices.Active.Select(silo => new DeviceStatus(silo.Name, silo.Address.Endpoint.ToString(), silo.Device,
            state.State.Leases.Values.FirstOrDefault(lease => lease.Silo.Equals(silo.Address))?.Holder)),
    ]);

    /// <summary>How many wait before this holder, who is put at the end when new.</summary>
    private int Place(string holder)
    {
        _queue.RemoveAll(waiting => waiting.Holder != holder && time.GetElapsedTime(waiting.Asked) > Patience);
        var place = _queue.FindIndex(waiting => waiting.Holder == holder);
        if (place < 0)
        {
            place = _queue.Count;
            _queue.Add(new Waiting(holder, 0));
        }

        _queue[place] = new Waiting(holder, time.GetTimestamp());
        return place;
    }

    private bool DropEnded()
    {
        var ended = state.State.Leases.Values
            .Where(lease => !devices.IsActive(lease.Silo) || time.GetElapsedTime(_asked.GetValueOrDefault(lease.Holder, _activated)) > LeasePatience)
            .Select(lease => lease.Holder)
            .ToArray();
        foreach (var holder in ended)
        {
            state.State.Leases.Remove(holder);
            _asked.Remove(holder);
        }

        return ended.Length > 0;
    }

    /// <summary>A lease that was not stored must not be given out: the next activation knows only the stored ones.</summary>
    private async Task Save()
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    private sealed record Waiting(string Holder, long Asked);
}
