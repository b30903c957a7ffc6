//! Drawing many items: all of them, in any company, several at a time.

mod stub;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use interplay_endpoint::{Connector, DrawError, EndpointError, EndpointSpec, request_seed};
use interplay_eval::Sampler;
use stub::{Answer, Stub, connect, draw, items, refuse, willing};

#[test]
fn an_item_gets_the_same_completions_in_any_company() {
    let stub = Stub::start(willing);
    let spec = EndpointSpec {
        seed: 7,
        choices_per_request: 4,
        ..stub.spec()
    };
    let endpoint = connect(spec.clone()).unwrap();
    stub.answer(willing);
    let (all, error) = draw(&endpoint, &items(0..9), 10);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(all.len(), 9);
    assert!(all.values().all(|completions| completions.len() == 10));
    // 4 + 4 + 2 completions, each request with the seed of its first one.
    assert_eq!(stub.requests().len(), 27);
    let of_five = |request: &stub::Request| request.prompt().contains("problem 5");
    let mut requests: Vec<(usize, u64)> = stub
        .requests()
        .iter()
        .filter(|request| of_five(request))
        .map(|request| (request.n(), request.body["seed"].as_u64().unwrap()))
        .collect();
    let mut expected: Vec<(usize, u64)> = [(4, 0), (4, 4), (2, 8)]
        .map(|(n, first)| (n, request_seed(7, 5, first).into()))
        .to_vec();
    requests.sort_unstable();
    expected.sort_unstable();
    assert_eq!(requests, expected);

    let alone = connect(EndpointSpec {
        concurrency: 1,
        ..spec.clone()
    })
    .unwrap();
    let (some, _) = draw(&alone, &items([8, 5]), 10);
    assert_eq!((&some[&5], &some[&8]), (&all[&5], &all[&8]));
    let other = connect(EndpointSpec { seed: 8, ..spec }).unwrap();
    assert_ne!(draw(&other, &items([5]), 10).0[&5], all[&5]);
}

#[test]
fn an_interrupted_drawing_is_resumed_to_the_item() {
    let stub = Stub::start(willing);
    let endpoint = connect(stub.spec()).unwrap();
    let all = items(0..12);
    let (whole, _) = draw(&endpoint, &all, 3);
    let mut kept = std::collections::BTreeMap::new();
    let result = endpoint.draw(&all, 3, None, &mut |position, completions| {
        if kept.len() == 5 {
            return Err("the disk is full");
        }
        kept.insert(all[position].id, completions);
        Ok(())
    });
    assert!(matches!(result, Err(DrawError::Keep("the disk is full"))));
    assert_eq!(kept.len(), 5);
    let rest: Vec<_> = all
        .iter()
        .filter(|item| !kept.contains_key(&item.id))
        .cloned()
        .collect();
    let (others, error) = draw(&endpoint, &rest, 3);
    assert!(error.is_none() && others.len() == 7, "{error:?}");
    kept.extend(others);
    assert_eq!(kept, whole);
}

#[test]
fn a_resumed_drawing_can_keep_to_what_was_found_before() {
    let stub = Stub::start(willing);
    let spec = EndpointSpec {
        choices_per_request: 4,
        ..stub.spec()
    };
    let endpoint = connect(spec.clone()).unwrap();
    let (before, _) = draw(&endpoint, &items([5]), 8);
    // Now the server takes two at a time, which would change the seeds.
    let two = |request: &stub::Request| match request.n() > 2 {
        true => refuse(400, "n is too large"),
        false => willing(request),
    };
    stub.answer(two);
    assert_eq!(connect(spec.clone()).unwrap().findings().choices, 2);
    stub.answer(willing);
    let connector = Connector::default().variables(|_| None);
    let findings = endpoint.findings().clone();
    let again = connector.reconnect(spec, findings).unwrap();
    assert_eq!(draw(&again, &items([5]), 8).0, before);
    assert_eq!(stub.requests().len(), 2);
}

#[test]
fn requests_at_a_time_are_bounded() {
    const AT_A_TIME: usize = 4;
    let stub = Stub::start(willing);
    let spec = EndpointSpec {
        concurrency: AT_A_TIME,
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    // Requests wait until so many are there, which shows that they come together; `most` shows that
    // no more ever do.
    let state = Arc::new((Mutex::new((0_usize, 0_usize)), Condvar::new()));
    let shared = Arc::clone(&state);
    stub.answer(move |request| {
        let (counts, changed) = &*shared;
        let mut now = counts.lock().unwrap();
        now.0 += 1;
        now.1 = now.1.max(now.0);
        changed.notify_all();
        let long = Duration::from_secs(60);
        let mut now = changed
            .wait_timeout_while(now, long, |now| now.1 < AT_A_TIME)
            .unwrap()
            .0;
        now.0 -= 1;
        drop(now);
        willing(request)
    });
    let (kept, error) = draw(&endpoint, &items(0..40), 1);
    assert!(error.is_none() && kept.len() == 40, "{error:?}");
    assert_eq!(state.0.lock().unwrap().1, AT_A_TIME);
}

#[test]
fn a_bad_item_does_not_cost_the_others() {
    let stub = Stub::start(willing);
    let endpoint = connect(stub.spec()).unwrap();
    stub.answer(|request| match request.prompt().contains("problem 3\"") {
        true => refuse(400, "too long"),
        false => willing(request),
    });
    let (kept, error) = draw(&endpoint, &items(0..30), 20);
    assert_eq!(kept.len(), 29);
    assert!(!kept.contains_key(&3));
    match error.unwrap() {
        EndpointError::Items {
            items,
            completed,
            failed,
            gave_up,
            first,
        } => {
            assert_eq!((items, completed, failed, gave_up), (30, 29, 1, false));
            assert_eq!((first.len(), first[0].id), (1, 3));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_server_that_is_gone_is_given_up_early() {
    let stub = Stub::start(willing);
    let spec = EndpointSpec {
        concurrency: 1,
        attempts: 2,
        max_failures_in_a_row: 5,
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    stub.answer(|_| Answer::Broken(Vec::new()));
    let (kept, error) = draw(&endpoint, &items(0..10_000), 8);
    assert!(kept.is_empty());
    let error = error.unwrap();
    match &error {
        EndpointError::Items {
            failed,
            gave_up,
            first,
            ..
        } => {
            // One more request can be under way when the last failure is counted.
            assert!((5..=8).contains(failed) && *gave_up, "{failed}");
            assert_eq!(
                first.iter().map(|item| item.id).collect::<Vec<_>>(),
                [0, 1, 2]
            );
        }
        other => panic!("{other}"),
    }
    assert!(
        error.to_string().contains("`max_failures_in_a_row`"),
        "{error}"
    );
    assert!(stub.requests().len() <= 16, "{}", stub.requests().len());
}

#[test]
fn an_endpoint_is_a_sampler() {
    let stub = Stub::start(willing);
    let mut endpoint = connect(stub.spec()).unwrap();
    let all = items(0..5);
    let mut told = Vec::new();
    let drawn = endpoint
        .sample(&all, 2, &mut |done, of| told.push((done, of)))
        .unwrap();
    assert_eq!(told, [(2, 10), (4, 10), (6, 10), (8, 10), (10, 10)]);
    for (position, completions) in drawn.iter().enumerate() {
        assert_eq!(completions.len(), 2);
        let problem = format!("\"problem {position}\"");
        assert!(
            completions
                .iter()
                .all(|completion| completion.text.starts_with(&problem))
        );
    }
    stub.answer(willing);
    let encode = |_: &str| vec![1, 2, 3];
    let drawn = endpoint
        .sampler(Some(&encode))
        .sample(&all[..1], 1, &mut |_, _| {})
        .unwrap();
    assert!(drawn[0][0].text.starts_with("[1,2,3]"));
    assert!(endpoint.sample(&[], 3, &mut |_, _| {}).unwrap().is_empty());
    assert_eq!(
        endpoint.sample(&all, 0, &mut |_, _| {}).unwrap(),
        vec![Vec::new(); 5]
    );
}
