using static TorchSharp.torch;

namespace Bam.Training.Tests.Model;

/// <summary>The slow model's gradients come from autograd; here they are held against differences of its loss alone.</summary>
public sealed class SlowModelTests
{
    private const double Step = 1e-6;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 12)];             // twice each kind of attention

    [Theory, MemberData(nameof(Seeds))]
    public void Its_gradients_are_those_of_finite_differences(int seed)
    {
        using var scope = NewDisposeScope();
        var one = RandomCase.Draw(seed);
        using var parameters = one.Weights(ScalarType.Float64);
        var slow = new SlowModel(parameters);
        slow.Loss(one.Batch, one.Alpha, one.Beta).Total.backward();

        double Loss()
        {
            using var inner = NewDisposeScope();
            using var quiet = no_grad();
            return slow.Loss(one.Batch, one.Alpha, one.Beta).Total.item<double>();
        }

        foreach (var spec in parameters.Specs)
        {
            var weight = slow[spec.Name];
            var direction = randn(weight.shape, float64, generator: new Generator((ulong)seed));
            var expected = (weight.grad! * direction).sum().item<double>();
            double At(double distance)
            {
                using var quiet = no_grad();
                var before = weight.detach().clone();
                weight.add_(distance * direction);
                var loss = Loss();
                weight.copy_(before);
                return loss;
            }

            var found = (At(Step) - At(-Step)) / (2 * Step);
            var gap = Math.Abs(found - expected) / Math.Max(1, Math.Abs(expected));
            Assert.True(gap < 2e-7, $"{spec.Name}: {found}, autograd says {expected}\n{one}");
        }
    }
}
