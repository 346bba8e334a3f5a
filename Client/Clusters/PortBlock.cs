using System.Net;
using System.Net.Sockets;

namespace Bam.Client.Clusters;

/// <summary>Consecutive loopback ports of a cluster, three a silo: silo, gateway, HTTP.</summary>
internal static class PortBlock
{
    public const int PortsOfASilo = 3;

    private const int First = 11111;
    private const int Last = 32000; // above lie the ports that the system hands out by itself

    /// <summary>The first base from 11111 on with all its ports free.</summary>
    /// <exception cref="UserException">There is none.</exception>
    public static int Find(int silos)
    {
        for (var start = First; start + (PortsOfASilo * silos) <= Last;)
        {
            if (FirstTaken(start, silos) is not { } taken) return start;
            start = taken + 1;
        }
        throw new UserException(
            $"no {PortsOfASilo * silos} free ports in a row between {First} and {Last}; name others with --port-base", 2);
    }

    /// <exception cref="UserException">A port of the block is in use.</exception>
    public static void EnsureFree(int start, int silos)
    {
        if (FirstTaken(start, silos) is { } taken)
            throw new UserException($"port {taken} is in use by another program; stop it, or give other ports with --port-base", 2);
    }

    private static int? FirstTaken(int start, int silos) =>
        Enumerable.Range(start, PortsOfASilo * silos).Where(port => !IsFree(port)).Select(port => (int?)port).FirstOrDefault();

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
