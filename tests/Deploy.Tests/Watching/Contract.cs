namespace Bam.Deploy.Tests.Watching;

/// <summary>The metrics of design.md section 8 by name, with their types and the labels beside <c>silo</c>; then those that boards need more.</summary>
internal static class Contract
{
    private static readonly string[] Model = ["run", "branch", "phase"];

    public static readonly IReadOnlyDictionary<string, (string Type, string[] Labels)> Metrics = new Dictionary<string, (string, string[])>
    {
        ["bam_loss"] = ("gauge", Model),
        ["bam_validation_loss"] = ("gauge", [.. Model, "domain"]),
        ["bam_grad_norm"] = ("gauge", Model),
        ["bam_learning_rate"] = ("gauge", Model),
        ["bam_tokens_total"] = ("counter", Model),
        ["bam_steps_total"] = ("counter", Model),
        ["bam_target_steps"] = ("gauge", Model),
        ["bam_step_duration_seconds"] = ("histogram", Model),
        ["bam_data_wait_seconds_total"] = ("counter", Model),
        ["bam_mfu_ratio"] = ("gauge", Model),
        ["bam_model_flops_total"] = ("counter", Model),
        ["bam_device_memory_bytes"] = ("gauge", Model),
        ["bam_checkpoint_duration_seconds"] = ("histogram", [.. Model, "stage"]),
        ["bam_checkpoint_bytes"] = ("gauge", Model),
        ["bam_checkpoint_last_success_timestamp_seconds"] = ("gauge", Model),
        ["bam_checkpoint_failures_total"] = ("counter", [.. Model, "reason"]),
        ["bam_restarts_total"] = ("counter", [.. Model, "reason"]),
        ["bam_steps_lost_total"] = ("counter", Model),
        ["bam_recovery_duration_seconds"] = ("histogram", Model),
        ["bam_nonfinite_steps_total"] = ("counter", Model),
        ["bam_branch_state"] = ("gauge", [.. Model, "state"]),
        ["bam_last_progress_timestamp_seconds"] = ("gauge", Model),
        ["bam_expert_token_share"] = ("gauge", [.. Model, "layer", "expert"]),
        ["bam_router_entropy"] = ("gauge", [.. Model, "layer", "router"]),
        ["bam_load_balance_loss"] = ("gauge", Model),
        ["bam_router_z_loss"] = ("gauge", Model),
        ["bam_build_info"] = ("gauge", ["version"]),

        ["bam_run_phase"] = ("gauge", ["run", "phase"]),
        ["bam_run_progress_ratio"] = ("gauge", ["run"]),
        ["bam_run_remaining_seconds"] = ("gauge", ["run"]),
        ["bam_goodput_ratio"] = ("gauge", ["run"]),
        ["bam_branch_progress_ratio"] = ("gauge", Model),
        ["bam_device_peak_flops_per_second"] = ("gauge", ["device", "name"]),
        ["bam_device_memory_limit_bytes"] = ("gauge", ["device"]),
        ["bam_store_free_bytes"] = ("gauge", []),
        ["bam_store_size_bytes"] = ("gauge", []),
    };
}
