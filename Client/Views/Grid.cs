namespace Bam.Client.Views;

/// <summary>Rows in aligned columns, as many of them as a width has room for.</summary>
internal static class Grid
{
    private const int Narrow = 70;

    /// <returns>The headings, and a line a row; none wider than <paramref name="width"/>.</returns>
    public static (TextLine Head, IReadOnlyList<TextLine> Rows) Lay<T>(
        IReadOnlyList<Column<T>> columns, IReadOnlyList<T> rows, int width, Glyphs glyphs)
    {
        var gap = width < Narrow ? 1 : 2;
        var widths = Widths(columns, rows, width, gap);
        var chosen = columns.Where(widths.ContainsKey).ToArray();
        return (
            Line(column => new TextLine().Add(column.Title, Ink.Dim)),
            [.. rows.Select(row => Line(column => column.Cell(row, widths[column])))]);

        TextLine Line(Func<Column<T>, TextLine> cell)
        {
            var line = new TextLine();
            var end = 0;
            foreach (var column in chosen)
            {
                var text = cell(column).Fit(widths[column], glyphs);
                if (text.Width > 0) line.PadTo(end + (column.Right ? widths[column] - text.Width : 0)).Add(text);
                end += widths[column] + gap;
            }

            return line.Fit(width, glyphs);
        }
    }

    private static Dictionary<Column<T>, int> Widths<T>(IReadOnlyList<Column<T>> columns, IReadOnlyList<T> rows, int width, int gap)
    {
        var natural = columns.ToDictionary(column => column, column =>
            column.Most ?? rows.Select(row => column.Cell(row, int.MaxValue).Width).Append(column.Title.Length).Max());
        var widths = new Dictionary<Column<T>, int>();
        var left = width + gap;
        int Enough(Column<T> column) => Math.Min(column.Enough ?? int.MaxValue, natural[column]);
        var fits = columns.Where(column => column.Rank == 0).Sum(column => Enough(column) + gap) <= left;
        foreach (var column in columns.Where(column => column.From <= width).OrderBy(column => column.Rank))
        {
            // What is always there is cut only where it would not fit even without the rest.
            var least = column.Rank == 0 && fits ? Enough(column) : Math.Min(column.Least ?? int.MaxValue, natural[column]);
            if (column.Rank > 0 && least + gap > left) break;
            widths[column] = least;
            left -= least + gap;
        }

        // What is left goes first to what has to be cut, then in equal parts to what can grow.
        foreach (var column in widths.Keys.Where(column => column.Most is null).ToArray())
            Grow(column, natural[column] - widths[column]);
        var growing = widths.Keys.Where(column => column.Most is not null).ToArray();
        foreach (var (i, column) in growing.OrderBy(column => natural[column] - widths[column]).Index())
            Grow(column, Math.Min(natural[column] - widths[column], left / (growing.Length - i)));
        return widths;

        void Grow(Column<T> column, int by)
        {
            by = Math.Clamp(by, 0, Math.Max(0, left));
            widths[column] += by;
            left -= by;
        }
    }
}
