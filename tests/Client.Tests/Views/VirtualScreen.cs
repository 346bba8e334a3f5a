using System.Globalization;
using System.Text;

namespace Bam.Terminals;

/// <summary>
/// What a terminal shows after some output: the commands that the console uses, no others, so that a new one is noticed. Every character is
/// one cell wide.
/// </summary>
internal sealed class VirtualScreen
{
    private char[][] _cells, _first;
    private int _row, _column, _firstRow, _firstColumn;
    private bool _wraps = true;

    public VirtualScreen(int width, int height) => _cells = _first = Blank(width, height);

    public bool IsCursorVisible { get; private set; } = true;

    /// <summary>Whether the other screen is shown, the one that a full-screen program has to itself.</summary>
    public bool IsOther { get; private set; }

    public int Width => _cells[0].Length;

    public int Height => _cells.Length;

    /// <summary>The rows, without what is blank at their ends and below.</summary>
    public string Text => string.Join('\n', _cells.Select(row => new string(row).TrimEnd())).TrimEnd('\n');

    /// <summary>Another size, in the way of a plain terminal: what lies at the top left stays.</summary>
    public void Resize(int width, int height)
    {
        _cells = Resized(_cells, width, height);
        _first = IsOther ? Resized(_first, width, height) : _cells;
        (_row, _column) = (Math.Min(_row, height - 1), Math.Min(_column, width - 1));
    }

    public void Write(string output)
    {
        for (var i = 0; i < output.Length; i++)
        {
            switch (output[i])
            {
                case '\e':
                    i = Command(output, i + 1);
                    break;
                case '\r':
                    _column = 0;
                    break;
                case '\n':
                    NextRow();
                    break;
                case '\a' or '\b':
                    break;
                default:
                    Put(output[i]);
                    break;
            }
        }
    }

    private static char[][] Blank(int width, int height) => [.. Enumerable.Range(0, height).Select(_ => Row(width))];

    private static char[] Row(int width) => [.. Enumerable.Repeat(' ', width)];

    private static char[][] Resized(char[][] cells, int width, int height)
    {
        var resized = Blank(width, height);
        for (var row = 0; row < Math.Min(height, cells.Length); row++)
            Array.Copy(cells[row], resized[row], Math.Min(width, cells[row].Length));
        return resized;
    }

    private void Put(char character)
    {
        if (_column >= Width)
        {
            if (_wraps)
            {
                _column = 0;
                NextRow();
            }
            else
            {
                _column = Width - 1;
            }
        }

        _cells[_row][_column++] = character;
    }

    private void NextRow()
    {
        if (++_row < Height) return;
        _row = Height - 1;
        Array.Copy(_cells, 1, _cells, 0, Height - 1);
        _cells[^1] = Row(Width);
    }

    /// <returns>Index of the command's last character.</returns>
    private int Command(string output, int at)
    {
        if (output[at] is '=' or '>' or '7' or '8') return at;
        if (output[at] != '[') throw new NotSupportedException($"ESC {output[at]}");
        var end = at + 1;
        while (output[end] is < '@' or > '~') end++;
        var numbers = output[(at + 1)..end];
        switch (output[end], numbers)
        {
            case ('m', _) or ('t', _) or ('q', _):
                break;
            case ('h', "?1049"):
                (IsOther, _firstRow, _firstColumn) = (true, _row, _column);
                _cells = Blank(Width, Height);
                break;
            case ('l', "?1049"):
                IsOther = false;
                (_cells, _row, _column) = (_first, Math.Min(_firstRow, Height - 1), Math.Min(_firstColumn, Width - 1));
                break;
            case ('h', "?25") or ('l', "?25"):
                IsCursorVisible = output[end] == 'h';
                break;
            case ('h', "?7") or ('l', "?7"):
                _wraps = output[end] == 'h';
                break;
            case ('h' or 'l', "?2026" or "?1" or "?2004"):
                break;
            case ('H', ""):
                (_row, _column) = (0, 0);
                break;
            case ('K', "" or "0"):
                Array.Fill(_cells[_row], ' ', Math.Min(_column, Width - 1), Width - Math.Min(_column, Width - 1));
                break;
            case ('J', "" or "0" or "2"):
                if (numbers != "2") Array.Fill(_cells[_row], ' ', Math.Min(_column, Width - 1), Width - Math.Min(_column, Width - 1));
                for (var row = numbers == "2" ? 0 : _row + 1; row < Height; row++) _cells[row] = Row(Width);
                break;
            default:
                throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture, $"ESC [ {numbers} {output[end]} in {Shown(output)}"));
        }

        return end;
    }

    private static string Shown(string output) => new StringBuilder(output).Replace("\e", "␛").ToString();
}
