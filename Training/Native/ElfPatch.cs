using System.Buffers.Binary;
using System.Text;

namespace Bam.Training.Native;

/// <summary>Two edits of a 64-bit little-endian ELF image in memory, each of one byte, each repeatable.</summary>
internal static class ElfPatch
{
    private const uint DynamicSymbols = 11, VersionNeeds = 0x6ffffffe;
    private const byte WeakFlag = 2, Return = 0xC3;

    /// <summary>Marks a needed symbol version as weak, so that the loader does not insist on it.</summary>
    /// <returns>Entries with that version.</returns>
    public static int WeakenVersion(Span<byte> image, string version)
    {
        var found = 0;
        foreach (var section in Sections(image, VersionNeeds))
        {
            for (var need = section.Offset; ;)
            {
                var auxiliary = need + (int)U32(image, need + 8);
                for (var left = U16(image, need + 2); left > 0; left--)
                {
                    if (Name(image, section.Strings + (int)U32(image, auxiliary + 8)) == version)
                    {
                        image[auxiliary + 4] |= WeakFlag;
                        found++;
                    }

                    auxiliary += (int)U32(image, auxiliary + 12);
                }

                var next = (int)U32(image, need + 12);
                if (next == 0)
                    break;
                need += next;
            }
        }

        return found;
    }

    /// <summary>Makes an exported function return at once.</summary>
    /// <returns>Whether the function is there.</returns>
    public static bool ReturnAtOnce(Span<byte> image, string function)
    {
        const int symbolSize = 24;
        foreach (var section in Sections(image, DynamicSymbols))
        {
            for (var symbol = section.Offset; symbol < section.Offset + section.Size; symbol += symbolSize)
            {
                var address = U64(image, symbol + 8);
                if (address == 0 || Name(image, section.Strings + (int)U32(image, symbol)) != function)
                    continue;
                image[FileOffset(image, address)] = Return;
                return true;
            }
        }

        return false;
    }

    private static List<(int Offset, int Size, int Strings)> Sections(ReadOnlySpan<byte> image, uint type)
    {
        int table = (int)U64(image, 0x28), size = U16(image, 0x3A), count = U16(image, 0x3C);
        var sections = new List<(int, int, int)>();
        for (var i = 0; i < count; i++)
        {
            var header = table + i * size;
            if (U32(image, header + 4) != type)
                continue;
            var strings = table + (int)U32(image, header + 0x28) * size;
            sections.Add(((int)U64(image, header + 0x18), (int)U64(image, header + 0x20), (int)U64(image, strings + 0x18)));
        }

        return sections;
    }

    private static int FileOffset(ReadOnlySpan<byte> image, ulong address)
    {
        const uint load = 1;
        int table = (int)U64(image, 0x20), size = U16(image, 0x36), count = U16(image, 0x38);
        for (var i = 0; i < count; i++)
        {
            var header = table + i * size;
            ulong start = U64(image, header + 16), length = U64(image, header + 32);
            if (U32(image, header) == load && address >= start && address < start + length)
                return (int)(address - start + U64(image, header + 8));
        }

        throw new BadImageFormatException($"no segment holds address {address:x}");
    }

    private static string Name(ReadOnlySpan<byte> image, int offset)
    {
        var rest = image[offset..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private static ushort U16(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(image[offset..]);

    private static uint U32(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(image[offset..]);

    private static ulong U64(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(image[offset..]);
}
