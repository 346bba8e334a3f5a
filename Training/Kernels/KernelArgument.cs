namespace Bam.Training.Kernels;

/// <summary>One argument of a kernel: an address or a number, in the first bytes of eight.</summary>
internal readonly record struct KernelArgument(ulong Bits)
{
    public static implicit operator KernelArgument(nint value) => new((ulong)value);

    public static implicit operator KernelArgument(int value) => new((uint)value);

    public static implicit operator KernelArgument(long value) => new((ulong)value);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value));

    public static implicit operator KernelArgument(bool value) => new(value ? 1u : 0u);
}
