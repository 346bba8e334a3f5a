using System.Net.Sockets;

namespace Bam.Silo.Hosting;

/// <summary>Asks for the ports before anything starts, so that a taken one is one line and not a stack trace.</summary>
internal static class PortCheck
{
    /// <exception cref="SettingsException">Another process listens on one of the ports, or the address is not of this host.</exception>
    public static void EnsureFree(SiloSettings settings)
    {
        EnsureFree(settings, settings.SiloPort, nameof(SiloSettings.SiloPort));
        EnsureFree(settings, settings.GatewayPort, nameof(SiloSettings.GatewayPort));
        EnsureFree(settings, settings.HttpPort, nameof(SiloSettings.HttpPort));
    }

    private static void EnsureFree(SiloSettings settings, int port, string option)
    {
        using var listener = new TcpListener(settings.Address, port);
        try
        {
            listener.Start();
        }
        catch (SocketException refused)
        {
            throw new SettingsException(refused.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"Bam:{option}: port {port} of {settings.Address} is in use; stop what uses it or give another",
                SocketError.AddressNotAvailable =>
                    $"Bam:Address: {settings.Address} is not an address of this host; give one that is",
                _ => $"Bam:{option}: cannot listen on {settings.Address}:{port}: {refused.Message}",
            });
        }
    }
}
