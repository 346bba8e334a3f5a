namespace Bam.Training.Data;

/// <summary>
/// Holds one document in fifty out of training, by the hash of its text: copies stay together and the order of the files does not
/// matter. One pass; the document with the smallest key waits until the end, so that neither split stays empty.
/// </summary>
internal sealed class HoldOut(TokenWriter train, TokenWriter validation)
{
    private const int OneIn = 50;

    private string? _waiting;
    private UInt128 _digest;
    private int _copies;

    public void Add(string text, UInt128 digest)
    {
        if (_waiting is null) Wait(text, digest);
        else if (digest == _digest) _copies++;
        else if (Key(digest).CompareTo(Key(_digest)) < 0)
        {
            Place(_waiting, _digest, _copies);
            Wait(text, digest);
        }
        else Place(text, digest, copies: 1);
    }

    /// <summary>Places the document that waits where one is lacking; of a single one the last 2 % of characters are held out.</summary>
    /// <returns>False when nothing can be divided: no document, or a single one of a single character.</returns>
    public bool Complete()
    {
        if (_waiting is null) return false;
        if (train.Documents + validation.Documents == 0) return Split(_waiting);
        Write(train.Documents == 0 ? train : validation, _waiting, _copies);
        return true;
    }

    private static (UInt128, UInt128) Key(UInt128 digest) => (digest % OneIn, digest);

    private static void Write(TokenWriter split, string text, int copies)
    {
        for (var i = 0; i < copies; i++) split.Add(text);
    }

    private void Wait(string text, UInt128 digest) => (_waiting, _digest, _copies) = (text, digest, 1);

    private void Place(string text, UInt128 digest, int copies) => Write(digest % OneIn == 0 ? validation : train, text, copies);

    private bool Split(string text)
    {
        var cut = text.Length - Math.Max(1, text.Length / OneIn);
        if (cut > 0 && char.IsLowSurrogate(text[cut])) cut--;
        if (cut == 0) return false;
        train.Add(text.AsSpan(0, cut));
        validation.Add(text.AsSpan(cut));
        return true;
    }
}
