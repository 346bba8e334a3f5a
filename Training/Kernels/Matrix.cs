using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// Rows of numbers in a tensor's memory, <paramref name="Stride"/> numbers apart; made once, so that a step neither makes views nor asks
/// for shapes.
/// </summary>
/// <param name="Tensor">The same as a tensor, [Rows, Columns].</param>
/// <param name="Address">First number.</param>
internal readonly partial record struct Matrix(Tensor Tensor, nint Address, int Rows, int Columns, int Stride)
{
    /// <summary>A tensor [rows, columns] whose columns lie side by side.</summary>
    public static Matrix Of(Tensor tensor)
    {
        var (shape, strides) = (tensor.shape, tensor.stride());
        if (shape.Length != 2 || (strides[1] != 1 && shape[1] != 1))
            throw new ArgumentException($"[{string.Join(", ", shape)}] with strides [{string.Join(", ", strides)}] is no matrix of rows", nameof(tensor));
        return new Matrix(tensor, AddressOf(tensor), (int)shape[0], (int)shape[1], (int)strides[0]);
    }

    public static nint AddressOf(Tensor tensor)
    {
        var address = Data(tensor.Handle);
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>Some of its columns.</summary>
    public Matrix Part(int first, int columns) => Of(Tensor.narrow(1, first, columns).DetachFromDisposeScope());

    /// <summary>Some of its rows.</summary>
    public Matrix Band(int first, int rows) => Of(Tensor.narrow(0, first, rows).DetachFromDisposeScope());

    [LibraryImport("libLibTorchSharp.so", EntryPoint = "THSTensor_data")]
    private static partial nint Data(nint tensor);
}
