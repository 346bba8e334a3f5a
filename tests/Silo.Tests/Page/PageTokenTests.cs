using Bam.Silo.Page;
using Microsoft.AspNetCore.Http;

namespace Bam.Silo.Tests.Page;

public sealed class PageTokenTests : IDisposable
{
    private const string Text = "correct-horse-battery";

    private readonly TemporaryFolder _temporary = new();
    private readonly Clock _clock = new();

    [Fact]
    public void A_token_is_itself_only_and_shows_itself_nowhere()
    {
        var token = new PageToken(Text);

        Assert.True(token.Is(Text));
        Assert.All(["", Text[1..], Text + "x", Text.ToUpperInvariant(), new string('x', 5000)], other => Assert.False(token.Is(other)));
        Assert.Equal("(set)", $"{token}");
        Assert.DoesNotContain(Text, $"{Settings(token)}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fifteen-letters", "a token has 16 characters or more, this one has 15")]
    [InlineData("correct horse battery", "a token has no spaces")]
    public void What_is_no_token_is_said_without_showing_it(string text, string message)
    {
        var wrong = Assert.Throws<FormatException>(() => new PageToken(text));

        Assert.StartsWith(message, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_a_token_must_be_closed_to_others()
    {
        var path = Path.Combine(_temporary.Folder, "token");
        File.WriteAllText(path, $"{Text}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal(new PageToken(Text), PageToken.Read(path));

        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.EndsWith($"is open to every user; close it: chmod 600 {path}", Assert.Throws<FormatException>(() => PageToken.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<FormatException>(() => PageToken.Read(path + "s")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_goes_on_for_a_week_on_every_silo_with_the_token_and_on_no_other()
    {
        var cookie = Begin(new PageToken(Text));
        Assert.True(Goes(new PageToken(Text), cookie));
        Assert.False(Goes(new PageToken(Text + "2"), cookie));
        Assert.DoesNotContain(Text, cookie, StringComparison.Ordinal);
        Assert.NotEqual(cookie, Begin(new PageToken(Text)));

        _clock.Pass(TimeSpan.FromDays(6.9));
        Assert.True(Goes(new PageToken(Text), cookie));
        _clock.Pass(TimeSpan.FromDays(0.2));
        Assert.False(Goes(new PageToken(Text), cookie));
    }

    [Fact]
    public void A_session_that_was_changed_is_none()
    {
        var token = new PageToken(Text);
        var parts = Begin(token).Split('.');
        var later = $"{long.Parse(parts[0], null) + 1000}.{parts[1]}.{parts[2]}";

        Assert.All([later, $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}", $"{parts[0]}.{parts[1]}.{parts[2]}AA", ".", "..", "", new string('.', 300), "99999999999.x.!"],
            cookie => Assert.False(Goes(token, cookie)));
    }

    [Fact]
    public void An_address_has_five_tries_a_minute_and_a_right_one_gives_them_back()
    {
        var tries = new WrongTries(_clock);
        System.Net.IPAddress one = new([10, 0, 0, 1]), other = new([10, 0, 0, 2]);

        Assert.Equal([true, true, true, true, true, false, false], Enumerable.Range(0, 7).Select(_ => tries.Take(one)));
        Assert.False(tries.Take(one.MapToIPv6()));
        Assert.True(tries.Take(other));

        _clock.Pass(WrongTries.Window);
        Assert.True(tries.Take(one));
        tries.GiveBack(one);
        Assert.Equal(5, Enumerable.Range(0, 7).Count(_ => tries.Take(one)));
    }

    [Fact]
    public void Addresses_of_one_network_of_IPv6_count_as_one_and_strangers_without_end_take_no_memory()
    {
        var tries = new WrongTries(_clock);

        Assert.Equal(5, Enumerable.Range(0, 7).Count(host => tries.Take(System.Net.IPAddress.Parse($"2001:db8::{host:x}"))));
        Assert.Equal(10_000 - 1, Enumerable.Range(0, 20_000).Count(network => tries.Take(System.Net.IPAddress.Parse($"2001:db8:1:{network:x}::1"))));
        _clock.Pass(WrongTries.Window);
        Assert.True(tries.Take(System.Net.IPAddress.Parse("2001:db8:2::1")));
    }

    public void Dispose() => _temporary.Dispose();

    private static Bam.Silo.Hosting.SiloSettings Settings(PageToken token) => Bam.Silo.Hosting.SiloSettings.Read(
        new Microsoft.Extensions.Configuration.ConfigurationManager { ["Bam:Home"] = "/h" }) with { PageToken = token };

    private string Begin(PageToken token)
    {
        var context = new DefaultHttpContext();
        new PageSession(token, _clock).Begin(context);
        var cookie = context.Response.Headers.SetCookie.ToString();
        return cookie[(PageSession.Cookie.Length + 1)..cookie.IndexOf(';', StringComparison.Ordinal)];
    }

    private bool Goes(PageToken token, string cookie)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = $"{PageSession.Cookie}={cookie}";
        return new PageSession(token, _clock).Goes(context.Request);
    }
}
