using System.Security.Cryptography;
using System.Text;

namespace Bam.Silo.Page;

/// <summary>The secret that opens the page. It tells nobody what it is: not a log, not a debugger's view of the settings.</summary>
internal sealed class PageToken : IEquatable<PageToken>
{
    public const int LeastLength = 16, MostLength = 1024;

    private readonly byte[] _hash;

    /// <exception cref="FormatException">It is too short to be one, or nothing that one can type. The message does not hold it.</exception>
    public PageToken(string text)
    {
        if (text.Length is < LeastLength or > MostLength)
            throw new FormatException($"a token has {LeastLength} characters or more, this one has {text.Length}; 'openssl rand -hex 24' draws one");
        if (text.Any(letter => letter is <= ' ' or > '~'))
            throw new FormatException("a token has no spaces and nothing beyond ASCII; 'openssl rand -hex 24' draws one");
        _hash = Hash(text);
        SessionKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(text), 32, info: "bam page session"u8.ToArray());
    }

    /// <summary>What sessions are signed with: the same on every silo that has the token, another one after a change of the token.</summary>
    public byte[] SessionKey { get; }

    /// <summary>Reads it from the first line of a file.</summary>
    /// <exception cref="FormatException">The file cannot be read, is open to every user, or holds no token.</exception>
    public static PageToken Read(string path)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new FormatException($"{path} is open to every user; close it: chmod 600 {path}");
            return new PageToken(File.ReadLines(path).FirstOrDefault()?.Trim() ?? "");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"{path} cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>Whether a text is the token, in a time that tells nothing about it.</summary>
    public bool Is(string text) => text.Length <= MostLength && CryptographicOperations.FixedTimeEquals(Hash(text), _hash);

    public bool Equals(PageToken? other) => other is not null && CryptographicOperations.FixedTimeEquals(other._hash, _hash);

    public override bool Equals(object? obj) => Equals(obj as PageToken);

    public override int GetHashCode() => BitConverter.ToInt32(_hash);

    public override string ToString() => "(set)";

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
