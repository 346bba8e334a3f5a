namespace Bam.Deploy.Tests.Boards;

/// <summary>The boards, for theories.</summary>
internal sealed class BoardNames : TheoryData<string>
{
    public BoardNames() => AddRange(Board.All.Select(board => board.Name).ToArray());
}
