"""Tables, one module per aggregate. Importing this package registers every table."""

from records.tables.articles import ArticleRevision, ArticleTrial
from records.tables.asking import AskedQuestion, QuestionGroup
from records.tables.base import metadata
from records.tables.care import Enrolment, FollowUp, StoredReading
from records.tables.conversation import (
    ContactPoint,
    DeliveryAttempt,
    InboundMessage,
    Media,
    OutboundMessage,
    Turn,
)
from records.tables.delivering import (
    CallbackAnswer,
    Canary,
    DeliveryReceipt,
    ExternalIdentity,
    IdentityCode,
    OperatorAlarm,
    ProviderState,
    Subscription,
    TemplateApproval,
)
from records.tables.duty import Absence, DutyShift, KeptDraft, LastLook, NoticeAddress, OwnReply
from records.tables.escalation import Escalation, EscalationEvent, Task
from records.tables.lessons import Lesson
from records.tables.life import LifeChange
from records.tables.people import BindingCode, BindingGuess, Consent, Person, PersonContact
from records.tables.places import Facility, Practitioner, SignIn
from records.tables.register import Distinction, ImportRow, ImportRun, Merger
from records.tables.reporting import (
    ApiToken,
    ClosedMonth,
    ClosedTally,
    FacilityEstimate,
    MonthlyState,
    StateRevision,
    Touched,
)
from records.tables.running import AccessToken, AuditEvent, Heartbeat, Marker, Throttle, TickRun
from records.tables.signing import SignedForm
from records.tables.signing_in import IdentityVisit, TrustedDevice
from records.tables.touching import watch

__all__ = [
    "Absence",
    "AccessToken",
    "ApiToken",
    "ArticleRevision",
    "ArticleTrial",
    "AskedQuestion",
    "AuditEvent",
    "BindingCode",
    "BindingGuess",
    "CallbackAnswer",
    "Canary",
    "ClosedMonth",
    "ClosedTally",
    "Consent",
    "ContactPoint",
    "DeliveryAttempt",
    "DeliveryReceipt",
    "Distinction",
    "DutyShift",
    "Enrolment",
    "Escalation",
    "EscalationEvent",
    "ExternalIdentity",
    "Facility",
    "FacilityEstimate",
    "FollowUp",
    "Heartbeat",
    "IdentityCode",
    "IdentityVisit",
    "ImportRow",
    "ImportRun",
    "InboundMessage",
    "KeptDraft",
    "LastLook",
    "Lesson",
    "LifeChange",
    "Marker",
    "Media",
    "Merger",
    "MonthlyState",
    "NoticeAddress",
    "OperatorAlarm",
    "OutboundMessage",
    "OwnReply",
    "Person",
    "PersonContact",
    "Practitioner",
    "ProviderState",
    "QuestionGroup",
    "SignIn",
    "SignedForm",
    "StateRevision",
    "StoredReading",
    "Subscription",
    "Task",
    "TemplateApproval",
    "Throttle",
    "TickRun",
    "Touched",
    "TrustedDevice",
    "Turn",
    "metadata",
    "watch",
]
