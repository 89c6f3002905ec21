//! Each refusal that X is known to make, as an answer to whose a signature is, to a post and to a read: it is the same thing
//! wherever it is said, and nobody is told to mend what is not broken.

use puppet_emulate::Problem as P;
use puppet_types::Code;

use super::*;
use crate::TweetReader as _;

fn class(error: &PublishError) -> &'static str {
    match error {
        PublishError::NotFound(_) => "gone",
        PublishError::Refused(_) => "refused",
        PublishError::Duplicate(_) => "duplicate",
        PublishError::Unauthorized(_) => "unauthorized",
        PublishError::Suspended(_) => "suspended",
        PublishError::NotAllowed(_) => "not-allowed",
        PublishError::UsageCap { .. } => "used-up",
        PublishError::Capped { .. } => "capped",
        PublishError::RateLimited { .. } => "limited",
        PublishError::Unavailable(_) => "unavailable",
        PublishError::InDoubt(_) => "in-doubt",
    }
}

#[tokio::test]
async fn every_refusal_is_the_same_wherever_x_says_it() {
    const RIGHTS: &str = "read and write permissions";
    const TOKEN: &str = "put a new one there";
    for (problem, signature, remedy, to_a_post, to_a_read) in [
        (P::TooManyRequests, "limited", "wait until 20", "limited", Code::RateLimited),
        (P::RateLimitExceeded, "limited", "wait until 20", "limited", Code::RateLimited),
        (P::UserDayLimit, "limited", "wait until 20", "limited", Code::RateLimited),
        (P::AppDayLimit, "limited", "wait until 20", "limited", Code::RateLimited),
        (P::UsageCap, "used-up", "wait until 20", "used-up", Code::RateLimited),
        (P::CreditsDepleted, "used-up", "add credit", "used-up", Code::RateLimited),
        (P::InvalidQuery, "refused", "try again", "refused", Code::Refused),
        (P::Unauthorized, "unauthorized", TOKEN, "unauthorized", Code::Refused),
        (P::CouldNotAuthenticate, "unauthorized", TOKEN, "unauthorized", Code::Refused),
        (P::InvalidToken, "unauthorized", TOKEN, "unauthorized", Code::Refused),
        (P::Timestamp, "unauthorized", "set the clock", "unauthorized", Code::Refused),
        // Whoever may not even ask who he is may do nothing, and it is mended by hand.
        (P::AccessLevel, "unauthorized", "a greater one", "not-allowed", Code::Refused),
        (P::ClientNotEnrolled, "unauthorized", "the app and its project", "unauthorized", Code::Refused),
        (P::UnsupportedAuthentication, "unauthorized", RIGHTS, "unauthorized", Code::Refused),
        (P::Oauth1Permissions, "unauthorized", RIGHTS, "unauthorized", Code::Refused),
        (P::Suspended, "suspended", "by hand", "suspended", Code::Refused),
        (P::Locked, "suspended", "by hand", "suspended", Code::Refused),
        (P::Duplicate, "unauthorized", RIGHTS, "duplicate", Code::Refused),
        (P::NotPermitted, "unauthorized", RIGHTS, "refused", Code::Refused),
        (P::ReplyNotAllowed, "unauthorized", RIGHTS, "refused", Code::Refused),
        (P::OverCapacity, "unavailable", "try again", "in-doubt", Code::ProviderUnavailable),
    ] {
        let there = There::with(&["ada"], TIMEOUT).await;
        let faults = [Operation::Me, Operation::CreatePost, Operation::PostsOf].map(|operation| Fault {
            operation: Some(operation),
            times: Some(1),
            ..Fault::from(Kind::Refused { with: problem })
        });
        there.emulator.misbehave(Plan { faults: faults.to_vec(), ..Plan::default() });
        let fault = there.x.check(&"ada".into()).await.unwrap_err();
        let says = fault.remedy("ada");
        assert!(says.contains(remedy), "{problem:?}: {fault}: {says}");
        let passes = matches!(signature, "limited" | "unavailable") || problem == P::UsageCap;
        assert_eq!(fault.passes(), passes, "{problem:?}");
        let is_lasting = matches!(signature, "unauthorized" | "suspended");
        assert_eq!(fault.is_lasting(), is_lasting, "{problem:?}: is it asked again at once");
        assert_eq!(class(&fault.of("@ada")), signature, "{problem:?} of the signature");
        // X does not say it again of the account, which has to wait for nothing but its window.
        let there = There::with(&["ada"], TIMEOUT).await;
        there.x.check(&"ada".into()).await.unwrap();
        there.emulator.misbehave(Plan { faults: faults.to_vec(), ..Plan::default() });
        let error = there.publish("ada", post("fog")).await.unwrap_err();
        assert_eq!(class(&error), to_a_post, "{problem:?} of a post");
        let later = Timestamp::from_system().plus_millis(60_000);
        let error = there.x.own_posts(&"ada".into(), later, 5).await.unwrap_err();
        assert_eq!(error.code, to_a_read, "{problem:?} of a read");
    }
}
