namespace Bam.Client.Tests.Reports;

/// <summary>What a report of the completed run says, word by word.</summary>
internal static class Expected
{
    public const string Markdown = """
        # four

        A BamOrleans run: 1 branch, 1 mixture; launched 2026-02-03 04:00 UTC, ended 2026-02-03 04:12 UTC.

        | State | Duration | Tokens trained | Training FLOPs | Goodput | Restarts | Steps lost |
        | --- | --- | --- | --- | --- | --- | --- |
        | **completed** | **12m00s** | **4.1 M** | **106 T** | **97%** | **1** | **17** |

        ## Training loss

        ![Training loss of the seed model and branches over tokens](loss-branches.png)

        *The seed model, then the branches, which begin as copies of it. Each point is the mean loss of the steps since the point before; strong lines are the mean of up to 3 neighbouring points, the points themselves lie behind them.*

        ![Training loss of the mixtures over tokens](loss-mixtures.png)

        *Mixtures, each over its own tokens. Each point is the mean loss of the steps since the point before; strong lines are the mean of up to 3 neighbouring points, the points themselves lie behind them.*

        ## Validation loss

        ### general

        ![Validation loss on general over tokens](validation-general.png)

        *On the validation text of general, over each model's own tokens; a mixture's first point is its loss before its first step, and the last point of each is the finished model. Models that were validated there only at their end stand in the table below.*

        ### law

        ![Validation loss on law over tokens](validation-law.png)

        *On the validation text of law, over each model's own tokens; a mixture's first point is its loss before its first step, and the last point of each is the finished model. Models that were validated there only at their end stand in the table below.*

        ## Perplexity

        | model | general | law | average | tokens | FLOPs |
        | --- | ---: | ---: | ---: | ---: | ---: |
        | seed | 8.000 | 4.000 | 6.000 | 1.64 M | 32 T |
        | law | **2.000** | 16.000 | 9.000 | 1.23 M | 24 T |
        | bam | 4.000 | **2.000** | **3.000** | 1.23 M | 50 T |

        Perplexity of the finished models on each domain's validation text, lower is better, the best of each column in bold; tokens and FLOPs are those of the model's own training. Windows of 256 tokens, 128 apart.

        ## Expert shares

        What each expert takes of each domain's validation text, as the mean over the layers: the part of the tokens that it gets (FFN), and its mean gate (attention).

        ### bam

        ![Expert shares of bam by domain](experts-bam.png)

        *bam: mean entropy of the FFN gates 0.75 nats; mean entropy of the attention gates 0.38 nats (even gates have 1.10).*

        ## Timeline

        ![Phases of the run and what each model did when](timeline.png)

        *Bars: training and evaluation in the model's colour, thin and pale while it waits for a device or is prepared, thin and red while it recovers; notches are checkpoints, red diamonds are mishaps.*

        ### Recoveries and mishaps

        | time (UTC) | after | model | what | from step | attempt | reason |
        | --- | ---: | --- | --- | ---: | ---: | --- |
        | 2026-02-03 04:05:00 | 5m00s | law | lost | 117 | 1 | silo-1 is gone |
        | 2026-02-03 04:05:04 | 5m04s | law | resumed | 100 | 1 | on silo-2/cpu from step 100: its silo died |

        ## Models

        Dense models have 2 layers of width 32, 4 heads (2 of keys and values), FFN width 48, a context of 64 tokens, a tied head, tokenizer bytes.

        | model | kind | state | parameters | active | steps | tokens | FLOPs | attempts | restarts |
        | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | seed | seed | completed | 21 K | 25.7 K | 400 | 1.64 M | 32 T | 1 | 0 |
        | law | branch | completed | 21 K | 25.7 K | 300 | 1.23 M | 24 T | 2 | 1 |
        | bam | mixture | completed | 40 K | 38.4 K | 300 | 1.23 M | 50 T | 1 | 0 |

        | model | made of |
        | --- | --- |
        | seed | general 100% |
        | law | law 90%, general 10% |
        | bam | seed, law, seed; attention soft, kv experts, FFN top 1 |

        ## Configuration

        The run as it was launched, with every default, paths absolute and lengths in steps.

        ```yaml
        name: four
        seed: 7
        tokenizer: bytes
        model: {
          layers: 2, width: 32, heads: 4, kv_heads: 2, ffn: 48, context: 64, tied: true, vocab: 0, norm: layer-norm,
          norm_eps: 1E-05, rope_theta: 10000, rope_interleaved: true }
        domains:
          - { name: general, train: ["/data/general 1.txt"], validation: [/data/general.val.txt] }
          - name: law
            train:
              - "/data/law 1.txt"
              - "/data/law 2.txt"
              - "/data/law 3.txt"
              - "/data/law 4.txt"
              - "/data/law 5.txt"
              - "/data/law 6.txt"
              # and 3 more
            validation: [/data/law.val.txt]
        seed_model:
          domains: [{ domain: general, share: 1 }]
          steps: 400
          train: {
            batch: 64, learning_rate: 0.001, warmup: 50, weight_decay: 0.1, precision: float32, final_learning_rate: 0.1,
            clip_norm: 1, beta1: 0.9, beta2: 0.95, load_balance: 0.01, router_z: 0.001, recompute: false,
            optimizer_states: float32 }
        branches:
          - name: law
            domains: [{ domain: law, share: 0.9 }, { domain: general, share: 0.1 }]
            steps: 300
            train: {
              batch: 64, learning_rate: 0.002, warmup: 50, weight_decay: 0.1, precision: float32,
              final_learning_rate: 0.1, clip_norm: 1, beta1: 0.9, beta2: 0.95, load_balance: 0.01, router_z: 0.001,
              recompute: false, optimizer_states: float32 }
        include_seed_as_expert: true
        mixtures:
          - name: bam
            attention: soft
            kv: experts
            ffn_top_k: 1
            ffn_renormalise: false
            router_std: 0.02
            steps: 300
            train: {
              batch: 64, learning_rate: 0.001, warmup: 50, weight_decay: 0.1, precision: float32,
              final_learning_rate: 0.1, clip_norm: 1, beta1: 0.9, beta2: 0.95, load_balance: 0.01, router_z: 0.001,
              recompute: false, optimizer_states: float32 }
            kind: upcycled
            experts: [seed, law, seed]
            data: [{ domain: general, share: 0.5 }, { domain: law, share: 0.5 }]
            attention_renormalise: false
            router_init: random
            router_scale: 4
            rescale_ffn: false
            ffn_reinitialise: 0
            frozen: none
            frozen_steps: 0
        checkpoints: { every: 100, keep: 3 }
        evaluate: { every: 0, tokens: 65536, stride: 0 }
        ```

        ## Checkpoints

        | model | step | SHA-256 of model.safetensors | folder |
        | --- | ---: | --- | --- |
        | seed | 400 | `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` | `/store/four/seed/step-00000400` |
        | law | 300 | `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` | `/store/four/law/step-00000300` |

        ## Versions

        | program | version |
        | --- | --- |
        | BamOrleans | 1.2.3 |

        Of the console that wrote this report 2026-02-03 05:00 UTC.

        """;
}
