using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Sessions;

/// <summary>The device of a session, made ready on the session's thread.</summary>
internal static class SessionDevice
{
    public static Device Open(string name)
    {
        var device = torch.device(name);
        if (device.type == DeviceType.CUDA)
        {
            InitializeDeviceType(DeviceType.CUDA);
            backends.cuda.matmul.allow_tf32 = true;
        }

        return device;
    }
}
