using System.Net;

namespace Bam.Silo.Page;

/// <summary>Slows down who guesses tokens: five tries a minute from one address. A right one gives its try back.</summary>
internal sealed class WrongTries(TimeProvider time)
{
    private const int Most = 5, MostAddresses = 10_000;

    /// <summary>How long a try counts, and so how long an address waits that has none left.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Queue<long>> _tries = [];

    /// <summary>Takes a try, before it is known whether it is right: many at once are no way around.</summary>
    /// <returns>False when the address has none left.</returns>
    public bool Take(IPAddress address)
    {
        lock (_gate)
        {
            var place = Place(address);
            if (_tries.Count >= MostAddresses)
                Forget();
            if (!_tries.TryGetValue(place, out var tries) && _tries.Count >= MostAddresses)
                return false;
            tries = _tries[place] = tries ?? new();
            while (tries.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= Window)
                tries.Dequeue();
            if (tries.Count >= Most)
                return false;
            tries.Enqueue(time.GetTimestamp());
            return true;
        }
    }

    /// <summary>The address has shown the token.</summary>
    public void GiveBack(IPAddress address)
    {
        lock (_gate)
            _tries.Remove(Place(address));
    }

    private void Forget()
    {
        foreach (var (address, _) in _tries.Where(known => known.Value.All(tried => time.GetElapsedTime(tried) >= Window)))
            _tries.Remove(address);
    }

    /// <summary>A host has whole networks of IPv6 to itself: they count as one.</summary>
    private static IPAddress Place(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        if (bytes.Length == 4)
            return address;
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
