using System.Net;
using System.Net.Sockets;

namespace Bam.Silo.Hosting;

/// <summary>Asks for the ports before anything starts, so that a taken one is one line and not a stack trace.</summary>
internal static class PortCheck
{
    /// <exception cref="SettingsException">Another process listens on one of the ports, or the address is not of this host.</exception>
    public static void EnsureFree(SiloSettings settings)
    {
        EnsureFree(nameof(SiloSettings.Address), settings.Address, settings.SiloPort, nameof(SiloSettings.SiloPort));
        EnsureFree(nameof(SiloSettings.Address), settings.Address, settings.GatewayPort, nameof(SiloSettings.GatewayPort));
        EnsureFree(nameof(SiloSettings.HttpAddress), settings.HttpAddress, settings.HttpPort, nameof(SiloSettings.HttpPort));
    }

    private static void EnsureFree(string addressOption, IPAddress address, int port, string option)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
        }
        catch (SocketException refused)
        {
            throw new SettingsException(refused.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"Bam:{option}: port {port} of {address} is in use; stop what uses it or give another",
                SocketError.AddressNotAvailable =>
                    $"Bam:{addressOption}: {address} is not an address of this host; give one that is",
                _ => $"Bam:{option}: cannot listen on {address}:{port}: {refused.Message}",
            });
        }
    }
}
