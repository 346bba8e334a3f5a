using System.Reflection;
using Bam.Contracts.Runs;

namespace Bam.Contracts.Tests.Wire;

/// <summary>Messages and stored state outlive their code: what names them on the wire must be their own, and stay.</summary>
public sealed class MessageTests
{
    private static readonly Type[] Messages =
        [.. typeof(RunSpec).Assembly.GetTypes().Where(type => type.GetCustomAttribute<GenerateSerializerAttribute>() is not null)];

    private static readonly Type[] Grains =
        [.. typeof(RunSpec).Assembly.GetTypes().Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type))];

    public static TheoryData<Type> Records => [.. Messages.Where(type => !type.IsEnum)];

    [Fact]
    public void Every_message_has_an_alias_of_its_own()
    {
        var aliases = Messages.Concat(Grains).Select(type => type.GetCustomAttribute<AliasAttribute>()?.Alias)
            .OfType<string>().ToArray();

        Assert.All(Messages, type => Assert.NotNull(type.GetCustomAttribute<AliasAttribute>()));
        Assert.Equal(aliases.Length, aliases.Distinct().Count());
        Assert.All(aliases, alias => Assert.StartsWith("bam.", alias, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Records))]
    public void Every_settable_member_of_a_message_has_a_number_of_its_own(Type message)
    {
        var numbers = message.GetProperties().Where(property => property.SetMethod is not null)
            .Select(property => property.GetCustomAttribute<IdAttribute>()?.Id).ToArray();

        Assert.NotEmpty(numbers);
        Assert.DoesNotContain(null, numbers);
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
    }

    [Fact]
    public void Every_method_of_a_grain_has_an_alias_and_takes_cancellation_last()
    {
        Assert.NotEmpty(Grains);
        foreach (var method in Grains.SelectMany(grain => grain.GetMethods()))
        {
            Assert.Equal(method.Name, method.GetCustomAttribute<AliasAttribute>()?.Alias);
            Assert.Equal(typeof(CancellationToken), method.GetParameters()[^1].ParameterType);
        }
    }

    [Fact]
    public void Every_message_says_that_it_never_changes() =>
        Assert.All(Messages.Where(type => !type.IsEnum), type => Assert.NotNull(type.GetCustomAttribute<ImmutableAttribute>()));
}
