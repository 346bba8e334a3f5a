using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace Bam.Training.Native;

/// <summary>
/// libtorch's stable C entry to every ATen operator, autograd included; for the operators that TorchSharp lacks.
/// Every argument must be given, in the order of the operator's schema; a plain <c>Scalar</c> argument is not supported by libtorch.
/// </summary>
internal static unsafe partial class Dispatcher
{
    private const string Torch = "libtorch_cpu.so";

    private static readonly ulong Version = AbiVersion();

    /// <summary>Calls an operator in place: on return the results lie in <paramref name="stack"/> from slot 0.</summary>
    /// <param name="name">Qualified name with a final NUL, such as <c>"aten::embedding\0"u8</c>.</param>
    /// <param name="overload">Overload name with a final NUL, <c>"\0"u8</c> for none.</param>
    /// <exception cref="TorchRefusalException">libtorch refused; its own text goes to standard error.</exception>
    public static void Call(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, Span<ulong> stack)
    {
        fixed (byte* operation = name, variant = overload)
        fixed (ulong* slots = stack)
        {
            if (CallDispatcher(operation, variant, slots, Version) != 0)
                throw new TorchRefusalException(Encoding.ASCII.GetString(name[..^1]));
        }
    }

    /// <summary>A reference to the tensor that the call consumes.</summary>
    public static ulong Argument(torch.Tensor tensor)
    {
        _ = NewHandle(tensor.Handle, out var handle);
        GC.KeepAlive(tensor);
        return (ulong)handle;
    }

    /// <summary>An optional tensor: no value, or a reference that the call consumes.</summary>
    public static ulong Optional(torch.Tensor? tensor) => tensor is null ? 0 : Optional(Argument(tensor));

    /// <summary>A tensor argument that is left undefined, where the schema wants one and the operator does not.</summary>
    public static ulong Undefined()
    {
        _ = NewUndefined(out var handle);
        return (ulong)handle;
    }

    public static ulong Optional(double value) => Optional(Argument(value));

    public static ulong Argument(double value) => BitConverter.DoubleToUInt64Bits(value);

    public static ulong Argument(bool value) => value ? 1UL : 0UL;

    public static ulong Argument(IReadOnlyList<torch.Tensor> tensors)
    {
        _ = NewList((nuint)tensors.Count, out var list);
        foreach (var tensor in tensors)
            _ = Push(list, Argument(tensor));
        return (ulong)list;
    }

    public static ulong Argument(params ReadOnlySpan<long> values)
    {
        _ = NewList((nuint)values.Length, out var list);
        foreach (var value in values)
            _ = Push(list, (ulong)value);
        return (ulong)list;
    }

    /// <summary>The tensor that an operator left in a slot.</summary>
    public static torch.Tensor Result(ulong slot) => torch.Tensor.UnsafeCreateTensor((nint)slot);

    // libtorch frees the cell with operator delete, which is free().
    private static ulong Optional(ulong value)
    {
        var cell = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *cell = value;
        return (ulong)cell;
    }

    [LibraryImport(Torch, EntryPoint = "torch_call_dispatcher")]
    private static partial int CallDispatcher(byte* name, byte* overload, ulong* stack, ulong version);

    [LibraryImport(Torch, EntryPoint = "aoti_torch_abi_version")]
    private static partial ulong AbiVersion();

    [LibraryImport(Torch, EntryPoint = "aoti_torch_new_tensor_handle")]
    private static partial int NewHandle(nint tensor, out nint handle);

    [LibraryImport(Torch, EntryPoint = "aoti_torch_new_uninitialized_tensor")]
    private static partial int NewUndefined(out nint handle);

    [LibraryImport(Torch, EntryPoint = "torch_new_list_reserve_size")]
    private static partial int NewList(nuint capacity, out nint list);

    [LibraryImport(Torch, EntryPoint = "torch_list_push_back")]
    private static partial int Push(nint list, ulong value);
}
