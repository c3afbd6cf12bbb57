//! Faults and gRPC statuses: one mapping, both ways. Causes never leave the process; a status nobody of ours wrote is
//! read by its code alone.

use crate::metadata::{FAULT, REASON};
use kernel::{Explanation, Fault, FaultCode, FieldFault, Reason, reasons};
use serde::{Deserialize, Serialize};
use std::error::Error;
use tonic::metadata::MetadataValue;
use tonic::{Code, ConnectError, Status, TimeoutExpired};

/// Headers of more than 16 KiB are refused by peers; base64 adds a third and the words travel twice.
const DETAILS_BYTES: usize = 6 * 1024;
const WORDS_BYTES: usize = 1024;

/// A fault as it travels in [`FAULT`].
#[derive(Serialize, Deserialize)]
struct FaultDetails {
    code: FaultCode,
    reason: String,
    detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldFault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    explanation: Option<Box<Explanation>>,
}

/// The status for a fault. Its chain of causes stays here, in the log.
pub(crate) fn to_status(fault: &Fault) -> Status {
    let words = &fault.detail[..fault.detail.floor_char_boundary(WORDS_BYTES)];
    let mut status = Status::new(grpc_code(fault.code), words);
    let metadata = status.metadata_mut();
    if let Ok(reason) = MetadataValue::try_from(fault.reason.as_ref()) {
        metadata.insert(REASON, reason);
    }
    if let Some(details) = details_of(fault, words) {
        metadata.insert_bin(FAULT, MetadataValue::from_bytes(&details));
    }
    status
}

/// The fault behind a status: as it was written when the other side wrote one, by code otherwise.
pub(crate) fn to_fault(status: &Status) -> Fault {
    if let Some(fault) = written_fault(status) {
        return fault;
    }
    if has_cause::<TimeoutExpired>(status) || status.code() == Code::DeadlineExceeded {
        return reasons::DEADLINE.fault();
    }
    // A status with a cause was made on this side: the call never came through, or its answer never came back.
    let reason = match status.source() {
        Some(_) => &reasons::PORTAL_DOWN,
        None => foreign_reason(status.code()),
    };
    let fault = reason.fault().because(status.clone());
    match reason.code {
        FaultCode::Internal | FaultCode::Unavailable => fault,
        _ if status.message().is_empty() => fault,
        _ => fault.detail(status.message()),
    }
}

/// Whether no connection could be made: the request has certainly not been seen by anybody.
pub(crate) fn never_connected(status: &Status) -> bool {
    has_cause::<ConnectError>(status)
}

fn details_of(fault: &Fault, words: &str) -> Option<Vec<u8>> {
    let mut details = FaultDetails {
        code: fault.code,
        reason: fault.reason.to_string(),
        detail: words.to_owned(),
        fields: fault.fields.clone(),
        retry_after_s: fault.retry_after_s,
        explanation: fault.explanation.clone(),
    };
    let encoded = serde_json::to_vec(&details).ok()?;
    if encoded.len() <= DETAILS_BYTES {
        return Some(encoded);
    }
    details.explanation = None;
    details.fields.clear();
    serde_json::to_vec(&details).ok()
}

fn written_fault(status: &Status) -> Option<Fault> {
    let encoded = status.metadata().get_bin(FAULT)?.to_bytes().ok()?;
    let details: FaultDetails = serde_json::from_slice(&encoded).ok()?;
    let mut fault = Fault::received(details.code, details.reason, details.detail);
    fault.fields = details.fields;
    fault.retry_after_s = details.retry_after_s;
    fault.explanation = details.explanation;
    Some(fault)
}

fn grpc_code(code: FaultCode) -> Code {
    match code {
        FaultCode::Invalid => Code::InvalidArgument,
        FaultCode::Unauthenticated => Code::Unauthenticated,
        FaultCode::Forbidden => Code::PermissionDenied,
        FaultCode::NotFound => Code::NotFound,
        FaultCode::Conflict => Code::FailedPrecondition,
        FaultCode::Stale => Code::Aborted,
        FaultCode::Exhausted => Code::ResourceExhausted,
        FaultCode::Unavailable => Code::Unavailable,
        FaultCode::Internal => Code::Internal,
    }
}

fn foreign_reason(code: Code) -> &'static Reason {
    match code {
        Code::InvalidArgument => &reasons::MALFORMED,
        Code::Unauthenticated => &reasons::CREDENTIAL,
        Code::PermissionDenied => &reasons::FORBIDDEN,
        Code::NotFound => &reasons::NO_ROUTE,
        Code::FailedPrecondition | Code::AlreadyExists => &reasons::STORE_CONSTRAINT,
        Code::Aborted => &reasons::STALE,
        // The gRPC library says "out of range" when a message is over the limit.
        Code::ResourceExhausted | Code::OutOfRange => &reasons::TOO_LARGE,
        Code::DeadlineExceeded => &reasons::DEADLINE,
        Code::Unavailable | Code::Cancelled => &reasons::PORTAL_DOWN,
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => &reasons::INTERNAL,
    }
}

fn has_cause<E: Error + 'static>(status: &Status) -> bool {
    let mut next = status.source();
    while let Some(cause) = next {
        if cause.is::<E>() {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_back_as_it_was() {
        for code in FaultCode::ALL {
            let mut fault = Fault::received(code, "shop.closed", "We have closed — désolé.".to_owned());
            fault.fields = vec![FieldFault { field: "items.3".to_owned(), detail: "gone".to_owned() }];
            fault.retry_after_s = Some(7);
            fault.explanation = Some(Box::default());
            let back = to_fault(&to_status(&fault));
            assert_eq!((back.code, &back.reason, &back.detail), (fault.code, &fault.reason, &fault.detail));
            assert_eq!((back.fields, back.retry_after_s), (fault.fields, fault.retry_after_s));
            assert_eq!(back.explanation, fault.explanation);
        }
    }

    #[test]
    fn the_nine_kinds_have_nine_codes_and_a_readable_reason() {
        let codes: Vec<i32> = FaultCode::ALL.map(|code| grpc_code(code) as i32).to_vec();
        assert_eq!(codes, [3, 16, 7, 5, 9, 10, 8, 14, 13]);
        let status = to_status(&reasons::STALE.fault());
        assert_eq!(status.metadata().get(REASON).unwrap(), reasons::STALE.name);
    }

    #[test]
    fn causes_stay_at_home() {
        let status = to_status(&Fault::internal("password=hunter2"));
        assert!(!format!("{status:?}").contains("hunter2"));
        let details = status.metadata().get_bin(FAULT).unwrap().to_bytes().unwrap();
        assert!(!String::from_utf8_lossy(&details).contains("hunter2"));
    }

    #[test]
    fn a_status_of_strangers_is_read_by_its_code() {
        for (code, reason) in [
            (Code::Unavailable, reasons::PORTAL_DOWN),
            (Code::Cancelled, reasons::PORTAL_DOWN),
            (Code::DeadlineExceeded, reasons::DEADLINE),
            (Code::OutOfRange, reasons::TOO_LARGE),
            (Code::Unimplemented, reasons::INTERNAL),
            (Code::Unknown, reasons::INTERNAL),
        ] {
            assert!(to_fault(&Status::new(code, "")).is(&reason), "{code:?}");
        }
    }

    #[test]
    fn whatever_breaks_on_this_side_means_that_the_portal_is_down() {
        let broken = std::io::Error::other("connection reset");
        assert!(to_fault(&Status::from_error(broken.into())).is(&reasons::PORTAL_DOWN));
    }

    #[test]
    fn a_fault_too_big_for_headers_keeps_its_reason() {
        let field = FieldFault { field: "f".repeat(100), detail: "d".repeat(100) };
        let fault = Fault::invalid_fields(vec![field; 100]);
        let status = to_status(&fault);
        let details = status.metadata().get_bin(FAULT).unwrap().to_bytes().unwrap();
        assert!(details.len() <= DETAILS_BYTES, "{}", details.len());
        assert!(to_fault(&status).is(&reasons::INVALID_INPUT));
    }
}
