using Bam.Contracts.Runs;

namespace Bam.Training.Model;

/// <summary>Name and shape of one tensor of a model, without its values.</summary>
/// <param name="Name">Name in <c>model.safetensors</c> (design.md, section 7).</param>
/// <param name="Shape">Row-major, [out, in]; experts lead.</param>
/// <param name="Group">What it belongs to.</param>
/// <param name="Experts">Leading dimension that counts experts; 0 for none.</param>
public sealed record TensorSpec(string Name, IReadOnlyList<long> Shape, TensorGroup Group, int Experts = 0)
{
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    public bool IsRouter => Group is TensorGroup.AttentionRouter or TensorGroup.FfnRouter;

    /// <summary>Whether the tensor is among the parts that a mixture leaves as they are.</summary>
    public bool IsFrozen(FrozenParts parts) => parts switch
    {
        FrozenParts.Experts => Experts > 0,
        FrozenParts.AllButRouters => !IsRouter,
        _ => false,
    };
}
