//! The decoder as a whole: shapes, what sees what, gradients, learning.
#![cfg(feature = "flex")]

use burn::backend::{Autodiff, Flex};
use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{
    AdamWStep, Decoder, ModelConfig, Moments, Segments, adamw_update, parameter_shapes,
    parameter_values,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

type Plain = Flex;
type Train = Autodiff<Flex>;

fn small() -> ModelConfig {
    ModelConfig {
        hidden_size: 32,
        intermediate_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        initializer_range: 0.2,
        ..ModelConfig::tiny(23)
    }
}

fn decoder<B: burn::tensor::backend::Backend>(config: &ModelConfig) -> Decoder<B> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    Decoder::init(config, &mut rng, &B::Device::default()).unwrap()
}

fn tokens<B: burn::tensor::backend::Backend>(rows: &[&[i32]]) -> Tensor<B, 2, Int> {
    let size = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(rows.concat(), size), &B::Device::default())
}

fn logits(decoder: &Decoder<Plain>, rows: &[&[i32]], segments: Option<&Segments>) -> Vec<f32> {
    let hidden = decoder.hidden(tokens(rows), segments);
    decoder.logits(hidden).into_data().into_vec().unwrap()
}

fn assert_close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    for (position, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + a.abs()),
            "at {position}: {a} and {b}"
        );
    }
}

#[test]
fn visitors_meet_the_parameters_in_the_stated_order_and_shape() {
    struct Shapes(Vec<Vec<usize>>);
    impl ModuleVisitor<Plain> for Shapes {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Plain, D>>) {
            self.0.push(param.val().dims().to_vec());
        }
    }
    for tied in [true, false] {
        let config = ModelConfig {
            tie_word_embeddings: tied,
            ..small()
        };
        let mut shapes = Shapes(Vec::new());
        decoder::<Plain>(&config).visit(&mut shapes);
        let stated: Vec<Vec<usize>> = parameter_shapes(&config)
            .into_iter()
            .map(|(_, shape)| shape)
            .collect();
        assert_eq!(shapes.0, stated);
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_with_and_without_gradients() {
    let config = small();
    let plain = parameter_values(&decoder::<Plain>(&config)).unwrap();
    let train = parameter_values(&decoder::<Train>(&config)).unwrap();
    assert_eq!(plain, train);
    assert_eq!(
        plain.iter().map(Vec::len).sum::<usize>(),
        config.parameters()
    );
}

#[test]
fn a_later_token_does_not_change_earlier_logits() {
    let config = small();
    let decoder = decoder::<Plain>(&config);
    let one = logits(&decoder, &[&[1, 2, 3, 4, 5]], None);
    let two = logits(&decoder, &[&[1, 2, 3, 9, 8]], None);
    let seen = 3 * config.vocab_size;
    assert_eq!(one[..seen], two[..seen]);
    assert_ne!(one[seen..], two[seen..]);
}

#[test]
fn packed_documents_do_not_see_each_other() {
    let config = small();
    let decoder = decoder::<Plain>(&config);
    let segments = Segments::from_lengths(&[vec![3, 4]], 7).unwrap();
    let packed = logits(&decoder, &[&[1, 2, 3, 4, 5, 6, 7]], Some(&segments));
    let first = logits(&decoder, &[&[1, 2, 3]], None);
    let second = logits(&decoder, &[&[4, 5, 6, 7]], None);
    assert_close(&packed, &[first, second].concat(), 1e-5);
}

#[test]
fn branches_are_documents_that_share_their_beginning() {
    let config = small();
    let decoder = decoder::<Plain>(&config);
    let width = config.vocab_size;
    // 1 2 continues with 3 4 and with 5; another document of one token follows.
    let segments = Segments::from_trees(&[5, 5, 4, 4, 5, 6], 1, 6).unwrap();
    let packed = logits(&decoder, &[&[1, 2, 3, 4, 5, 6]], Some(&segments));
    let first = logits(&decoder, &[&[1, 2, 3, 4]], None);
    let second = logits(&decoder, &[&[1, 2, 5]], None);
    let last = logits(&decoder, &[&[6]], None);
    let expected = [&first[..], &second[2 * width..], &last[..]].concat();
    assert_close(&packed, &expected, 1e-5);
}

#[test]
fn rows_of_a_batch_do_not_see_each_other() {
    let decoder = decoder::<Plain>(&small());
    let both = logits(&decoder, &[&[1, 2, 3], &[4, 5, 6]], None);
    let first = logits(&decoder, &[&[1, 2, 3]], None);
    let second = logits(&decoder, &[&[4, 5, 6]], None);
    assert_close(&both, &[first, second].concat(), 1e-6);
}

#[test]
fn token_scores_are_the_log_softmax_of_the_logits() {
    let config = small();
    let decoder = decoder::<Plain>(&config);
    let hidden = decoder
        .hidden(tokens(&[&[1, 2, 3, 4]]), None)
        .reshape([4, 32]);
    let targets = Tensor::<Plain, 1, Int>::from_ints([2, 3, 4, 5], &Default::default());
    let temperature = 0.7;
    let (scores, entropy) = decoder.token_scores(hidden.clone(), targets, temperature);
    let logits: Vec<f32> = decoder.logits(hidden).into_data().into_vec().unwrap();
    let scores: Vec<f32> = scores.into_data().into_vec().unwrap();
    let entropy: Vec<f32> = entropy.into_data().into_vec().unwrap();
    for (row, logits) in logits.chunks(config.vocab_size).enumerate() {
        let exp: Vec<f64> = logits
            .iter()
            .map(|&logit| (f64::from(logit) / temperature).exp())
            .collect();
        let sum: f64 = exp.iter().sum();
        let expected = (exp[row + 2] / sum).ln();
        let expected_entropy: f64 = exp.iter().map(|e| -(e / sum) * (e / sum).ln()).sum();
        assert!((f64::from(scores[row]) - expected).abs() < 1e-4);
        assert!((f64::from(entropy[row]) - expected_entropy).abs() < 1e-4);
    }
}

fn loss(decoder: &Decoder<Train>, rows: &[&[i32]]) -> Tensor<Train, 1> {
    let inputs: Vec<&[i32]> = rows.iter().map(|row| &row[..row.len() - 1]).collect();
    let targets: Vec<i32> = rows.iter().flat_map(|row| row[1..].to_vec()).collect();
    let count = targets.len();
    let targets = TensorData::new(targets, [count]);
    let targets = Tensor::<Train, 1, Int>::from_data(targets, &Default::default());
    let hidden = decoder.hidden(tokens(&inputs), None);
    let hidden = hidden.reshape([count, decoder.config().hidden_size]);
    let (log_probs, _) = decoder.token_scores(hidden, targets, 1.0);
    log_probs.mean().neg()
}

#[test]
fn gradient_flows_to_every_parameter() {
    struct Check<'a>(&'a <Train as AutodiffBackend>::Gradients, usize);
    impl ModuleVisitor<Train> for Check<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
            let position = self.1;
            let grad = param
                .val()
                .grad(self.0)
                .unwrap_or_else(|| panic!("parameter {position}"));
            let largest: f32 = grad.abs().max().into_scalar();
            assert!(
                largest.is_finite() && largest > 0.0,
                "parameter {position}: {largest}"
            );
            self.1 += 1;
        }
    }
    for tied in [true, false] {
        let decoder = decoder(&ModelConfig {
            tie_word_embeddings: tied,
            ..small()
        });
        let grads = loss(&decoder, &[&[1, 2, 3, 4, 5, 6], &[7, 8, 9, 10, 11, 12]]).backward();
        decoder.visit(&mut Check(&grads, 0));
    }
}

/// One AdamW step over a whole decoder, as a trainer does it.
struct Update<'a> {
    grads: &'a mut <Train as AutodiffBackend>::Gradients,
    moments: &'a mut Vec<(Vec<f32>, Vec<f32>)>,
    position: usize,
    step: AdamWStep,
}

impl ModuleMapper<Train> for Update<'_> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Train, D>>,
    ) -> Param<Tensor<Train, D>> {
        let (id, tensor, mapper) = param.consume();
        let grad = tensor.grad_remove(self.grads).unwrap();
        let inner = tensor.inner();
        let moments = match self.moments.get(self.position) {
            None => Moments::zeros_like(&inner),
            Some((first, second)) => {
                let tensor = |values: &Vec<f32>| {
                    Tensor::from_data(
                        TensorData::new(values.clone(), inner.dims()),
                        &inner.device(),
                    )
                };
                Moments {
                    first: tensor(first),
                    second: tensor(second),
                }
            }
        };
        let (param, moments) = adamw_update(inner, grad, moments, &self.step);
        let kept = [moments.first, moments.second].map(|t| t.into_data().into_vec().unwrap());
        let [first, second] = kept;
        if self.position == self.moments.len() {
            self.moments.push((first, second));
        } else {
            self.moments[self.position] = (first, second);
        }
        self.position += 1;
        Param::from_mapped_value(id, Tensor::from_inner(param).require_grad(), mapper)
    }
}

#[test]
fn overfits_one_batch() {
    let mut decoder: Decoder<Train> = decoder(&ModelConfig {
        initializer_range: 0.05,
        ..small()
    });
    let rows: [&[i32]; 2] = [&[1, 2, 3, 4, 5, 6, 7, 8], &[1, 9, 3, 10, 5, 11, 7, 12]];
    let mut moments = Vec::new();
    let mut last = f32::INFINITY;
    for number in 1..=150 {
        let loss = loss(&decoder, &rows);
        last = loss.clone().into_scalar();
        let mut grads = loss.backward();
        let step = AdamWStep {
            lr: 0.01,
            beta1: 0.9,
            beta2: 0.95,
            eps: 1e-8,
            weight_decay: 0.0,
            step: number,
            grad_scale: 1.0,
        };
        let mut update = Update {
            grads: &mut grads,
            moments: &mut moments,
            position: 0,
            step,
        };
        decoder = decoder.map(&mut update);
    }
    // The second token cannot be known: ln 2 / 7 = 0.099.
    assert!(last < 0.12, "loss {last}");
    let plain = decoder.valid();
    assert_eq!(plain.config(), decoder.config());
}
