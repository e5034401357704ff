"""The vocabularies of FHIR resources: LOINC for what was measured, UCUM for units, ICD-10, HL7."""

from __future__ import annotations

from dataclasses import dataclass

from care.reading import GlucoseContext, Kind
from care.situation import Programme

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
HL7 = "http://terminology.hl7.org/CodeSystem/"
# The number of a resident identity card in Chinese health data (WS 364).
IDENTITY_CARD = "urn:oid:2.16.156.10011.1.3"
OWN = "urn:suifang:"


@dataclass(frozen=True, slots=True)
class Measured:
    """How a kind of value is written: LOINC code and name, UCUM unit, category, Chinese name."""

    code: str
    display: str
    unit: str
    category: str
    text: str


BLOOD_PRESSURE = Measured(
    "85354-9", "Blood pressure panel with all children optional", "mm[Hg]", "vital-signs", "血压"
)
SYSTOLIC = Measured("8480-6", "Systolic blood pressure", "mm[Hg]", "vital-signs", "收缩压")
DIASTOLIC = Measured("8462-4", "Diastolic blood pressure", "mm[Hg]", "vital-signs", "舒张压")
KINDS = {
    Kind.PULSE: Measured("8867-4", "Heart rate", "/min", "vital-signs", "脉搏"),
    Kind.WEIGHT: Measured("29463-7", "Body weight", "kg", "vital-signs", "体重"),
    Kind.TEMP: Measured("8310-5", "Body temperature", "Cel", "vital-signs", "体温"),
    Kind.HBA1C: Measured(
        "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", "laboratory", "糖化血红蛋白"
    ),
}
_IN_BLOOD = ("15074-8", "Glucose [Moles/volume] in Blood", "mmol/L", "laboratory")
GLUCOSE = {
    GlucoseContext.FASTING: Measured(
        "14771-0",
        "Fasting glucose [Moles/volume] in Serum or Plasma",
        "mmol/L",
        "laboratory",
        "空腹血糖",
    ),
    GlucoseContext.POSTPRANDIAL: Measured(*_IN_BLOOD, "餐后血糖"),
    GlucoseContext.BEDTIME: Measured(*_IN_BLOOD, "睡前血糖"),
    GlucoseContext.RANDOM: Measured(*_IN_BLOOD, "随机血糖"),
}
CONDITIONS = {
    Programme.HYPERTENSION: ("I10", "Essential (primary) hypertension", "高血压"),
    Programme.TYPE2_DIABETES: ("E11", "Type 2 diabetes mellitus", "2型糖尿病"),
}
# A message is a contact, and never a face-to-face visit.
ENCOUNTERS = {
    "face_to_face": ("AMB", "ambulatory", "面对面随访"),
    "phone": ("VR", "virtual", "电话随访"),
    "message": ("VR", "virtual", "消息随访"),
}
SETTINGS = {"home": "家庭自测", "clinic": "门诊测量"}
PURPOSES = {
    "readings": "记录测量值",
    "reminders": "提醒",
    "education": "宣教",
    "sharing": "告诉家属",
}
GENDERS = {"male": "male", "female": "female"}
