"""What people complain of, with and without values: one table per set of red flags.

Levels: E emergency, U urgent, R routine, - none.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from care.assess import assess
from care.level import Level
from care.situation import Situation

TABLE = """
    findings                                  | values         | who        | level | advice
    # stroke
    face_droop                                |                |            | E | safety.stroke
    one_sided_weakness                        | bp 128/80      | 67 htn     | E | safety.stroke
    one_sided_numbness                        |                |            | E | safety.stroke
    speech_trouble                            |                |            | E | safety.stroke
    sudden_imbalance                          |                |            | E | safety.stroke
    double_vision                             |                |            | E | safety.stroke
    thunderclap_headache                      |                |            | E | safety.stroke
    both_legs_weak                            |                |            | E | safety.stroke
    drooling                                  |                |            | E | safety.stroke
    severe_headache vomiting                  |                | htn        | E | safety.stroke
    stroke_said                               |                |            | E | safety.stroke
    symmetrical_numbness                      |                | dm         | R | routine.symptom
    numbness                                  |                |            | R | routine.symptom
    numbness                                  | bp 186/100     |            | E | safety.hypertensive_emergency
    sudden_deafness                           |                |            | U | safety.weakness
    # heart
    chest_pain                                |                |            | U | safety.chest
    chest_tightness                           |                |            | U | safety.chest
    chest_pain_exertional                     |                |            | U | safety.chest
    chest_pain_intermittent dyspnoea_on_effort|                |            | U | safety.chest
    chest_pain_resolved                       |                |            | U | safety.chest
    chest_pain_prolonged                      |                |            | E | safety.heart_attack
    chest_pain_radiating                      |                |            | E | safety.heart_attack
    chest_tightness cold_sweat                |                |            | E | safety.heart_attack
    chest_pain nausea                         |                |            | E | safety.heart_attack
    dyspnoea cold_sweat                       |                | dm         | E | safety.heart_attack
    heart_attack_said                         |                |            | E | safety.heart_attack
    chest_pain_tearing                        |                |            | E | safety.dissection
    chest_back_pain                           | bp 196/110     |            | E | safety.dissection
    chest_tightness                           | bp 196/118     | 66 htn     | E | safety.hypertensive_emergency
    chest_tightness                           | bp 86/50       |            | E | safety.shock
    # breath
    dyspnoea                                  |                |            | U | safety.dyspnoea
    dyspnoea_on_effort                        | bp 150/95      |            | U | safety.dyspnoea
    dyspnoea                                  | bp 139/89      |            | U | safety.dyspnoea
    dyspnoea                                  | bp 140/89      |            | E | safety.heart_failure
    dyspnoea_at_rest                          |                |            | E | safety.dyspnoea_emergency
    orthopnoea                                |                |            | E | safety.heart_failure
    wakes_choking                             |                |            | E | safety.heart_failure
    pink_froth                                |                |            | E | safety.heart_failure
    dyspnoea leg_oedema                       |                |            | E | safety.heart_failure
    dyspnoea_on_effort leg_oedema             |                |            | U | safety.dyspnoea
    weight_gain_rapid                         |                |            | U | safety.dyspnoea
    # high pressure with and without complaints
    headache                                  | bp 188/116     | 60 htn     | E | safety.hypertensive_emergency
    vision_blurred                            | bp 180/90      |            | E | safety.hypertensive_emergency
    palpitation                               | bp 150/110     |            | E | safety.hypertensive_emergency
    cough_after_drug                          | bp 188/100     |            | U | safety.bp_very_high
    headache                                  | bp 179/109     |            | R | routine.bp_uncontrolled
    very_high_bp_said                         |                |            | U | safety.bp_very_high
    very_high_bp_said headache                |                |            | E | safety.hypertensive_emergency
    hypertensive_crisis_said                  |                |            | E | safety.hypertensive_emergency
    uncontrolled_bp_said                      |                | htn        | R | routine.bp_uncontrolled
    medicine_stopped                          | bp 162/98      | 60 htn     | R | routine.bp_uncontrolled
    severe_headache vision_blurred            |                | htn        | E | safety.hypertensive_emergency
    severe_headache vision_blurred            |                |            | U | safety.vision
    uncontrolled_bp_said persistent_vomiting  |                |            | E | safety.hypertensive_emergency
    nausea dizziness                          | bp 165/100     | 60 htn     | U | safety.headache_dizziness
    nausea dizziness                          | bp 130/80      | 60 htn     | R | routine.symptom
    # low pressure
    dizziness                                 | bp 88/62       |            | E | safety.shock
    dizziness                                 | bp 96/58       |            | U | safety.bp_low
    low_bp_said                               |                |            | R | routine.low_bp
    low_bp_said near_syncope                  |                |            | U | safety.bp_low
    low_bp_said dizzy_on_standing             |                |            | R | routine.low_bp
    dizzy_on_standing                         |                |            | R | routine.symptom
    blood_in_urine                            |                |            | U | safety.general_urgent
    blood_in_urine nosebleed                  |                |            | U | safety.bleeding
    bp_unmeasurable                           |                |            | U | safety.bp_low
    bp_unmeasurable cold_sweat                |                |            | E | safety.shock
    cold_limbs cold_sweat                     |                |            | E | safety.shock
    # consciousness
    unrousable                                |                |            | E | safety.unconscious
    unrousable                                |                | dm         | E | safety.hypo_severe
    confused                                  |                | htn        | E | safety.unconscious
    seizure                                   |                |            | E | safety.unconscious
    syncope                                   |                |            | E | safety.unconscious
    syncope vomiting_blood                    |                |            | E | safety.bleeding_emergency
    syncope_past_days                         |                |            | U | safety.syncope_past
    near_syncope                              |                |            | U | safety.syncope_past
    drowsy                                    |                |            | U | safety.general_urgent
    drowsy vomiting                           |                | htn        | E | safety.vomiting_emergency
    sleepy_mild                               |                | dm         | R | routine.symptom
    # low sugar
    hypo_said                                 |                | dm         | U | safety.hypo
    hypo_said confused                        |                | dm         | E | safety.hypo_severe
    drowsy                                    | glucose 3.5    | dm         | E | safety.hypo_severe
    hypo_not_recovering                       | glucose 3.2    | dm         | E | safety.hypo_not_recovering
    tremor                                    | glucose 2.2    | dm         | E | safety.hypo_low
    hypo_resolved                             |                | dm         | U | safety.hypo_history
    hypo_recurrent                            |                | dm         | U | safety.hypo_history
    hypo_nocturnal                            |                | dm         | U | safety.hypo_history
    sweating palpitation                      |                | dm         | U | safety.hypo
    sweating dizziness                        |                | dm         | U | safety.hypo
    hunger_tremor                             |                | dm         | U | safety.hypo
    hunger_tremor                             |                |            | R | routine.symptom
    dizziness nausea                          |                | dm         | R | routine.symptom
    takes_insulin confused                    |                |            | E | safety.hypo_severe
    cold_sweat palpitation                    |                |            | U | safety.hypo
    insulin_no_meal                           |                |            | U | safety.hypo
    # high sugar
    vomiting                                  | glucose 16.7   | dm         | E | safety.dka
    nausea                                    | glucose 20.1   | dm         | E | safety.dka
    vomiting dizziness                        | glucose 15.2   | dm         | E | safety.dka
    polyuria_polydipsia                       | glucose 13.9   | dm         | U | safety.hyper_severe
    deep_breathing                            | glucose 12.0   |            | E | safety.dka
    fruity_breath                             |                | dm         | E | safety.dka
    fruity_breath                             |                |            | U | safety.ketone
    fever_high                                | glucose 17.0   | dm         | E | safety.dka
    chest_tightness                           | glucose 17.0   | dm         | E | safety.dka
    urine_ketone                              |                | dm         | U | safety.ketone
    urine_ketone vomiting                     |                | dm         | E | safety.dka
    blood_ketone_high                         |                | dm         | E | safety.dka
    urine_ketone_trace                        |                | dm         | R | routine.symptom
    vomiting abdominal_pain                   |                | dm         | E | safety.dka
    insulin_stopped                           |                | dm         | U | safety.insulin_stopped
    insulin_stopped vomiting                  |                | dm         | E | safety.dka
    vomiting                                  |                | drug:sglt2 | E | safety.dka
    weight_loss polyuria_polydipsia           |                | dm         | U | safety.hyper_severe
    weight_loss                               |                | dm         | R | routine.weight_change
    polyuria_polydipsia                       |                | dm         | R | routine.glucose_uncontrolled
    dehydration drowsy                        |                | 78 dm      | E | safety.hhs
    very_high_glucose_said                    |                | dm         | U | safety.hyper_severe
    uncontrolled_glucose_said                 |                | dm         | R | routine.glucose_uncontrolled
    dka_said                                  |                |            | E | safety.dka
    # heartbeat
    palpitation                               |                |            | R | routine.symptom
    palpitation_at_rest                       |                |            | U | safety.arrhythmia
    irregular_pulse dizziness                 |                | dm         | U | safety.arrhythmia
    pulse_fast_persistent                     |                |            | U | safety.arrhythmia
    pulse_fast_persistent chest_pain          |                |            | E | safety.arrhythmia_emergency
    dyspnoea                                  | pulse 118      |            | E | safety.arrhythmia_emergency
    pulse_slow_said                           |                |            | R | routine.symptom
    pulse_slow_said dizziness                 |                |            | U | safety.arrhythmia
    # bleeding
    vomiting_blood                            |                |            | E | safety.bleeding_emergency
    black_stool                               |                |            | E | safety.bleeding_emergency
    nosebleed_uncontrolled                    |                |            | E | safety.bleeding_emergency
    nosebleed                                 |                |            | U | safety.bleeding
    nosebleed                                 | bp 185/100     |            | E | safety.bleeding_emergency
    nosebleed_stopped                         |                |            | R | routine.symptom
    nosebleed_stopped                         |                | drug:blood_thinner | U | safety.bleeding
    # eyes
    sudden_vision_loss                        |                |            | E | safety.vision_emergency
    vision_blurred                            |                | dm         | U | safety.vision
    eye_pain                                  |                |            | U | safety.vision
    fundus_bleeding                           |                | dm         | U | safety.vision
    vision_blurred_chronic                    |                | dm         | R | routine.symptom
    # feet and wounds
    foot_ulcer                                |                | dm         | U | safety.foot
    foot_black                                |                |            | U | safety.foot
    foot_infected                             | temp 39.0      | dm         | E | safety.foot_emergency
    foot_infected chills                      |                | dm         | E | safety.foot_emergency
    foot_minor                                |                | dm         | R | routine.foot_minor
    wound_infected                            |                | dm         | U | safety.wound
    wound_infected                            |                |            | R | routine.symptom
    # pregnancy
    headache                                  | bp 142/80      | pregnant   | E | safety.pregnancy_emergency
    seeing_stars                              | bp 168/112     | pregnant   | E | safety.pregnancy_emergency
    headache                                  |                | pregnant   | U | safety.pregnancy
    headache vision_blurred                   |                | pregnant   | E | safety.pregnancy_emergency
    headache                                  |                | pregnant htn | E | safety.pregnancy_emergency
    vaginal_bleeding                          |                | pregnant   | E | safety.pregnancy_emergency
    vaginal_bleeding                          |                |            | U | safety.bleeding
    uncontrolled_bp_said                      |                | pregnant   | U | safety.pregnancy
    nausea                                    |                | pregnant   | R | routine.symptom
    low_bp_said dyspnoea poor_appetite        |                | pregnant   | U | safety.pregnancy
    # drug reactions
    angioedema_throat                         |                |            | E | safety.angioedema
    face_swelling dyspnoea                    |                |            | E | safety.angioedema
    face_swelling                             |                |            | U | safety.drug_reaction
    rash_widespread                           |                |            | U | safety.drug_reaction
    rash_mild                                 |                |            | R | routine.drug_reaction_mild
    cough_after_drug                          |                | htn        | R | routine.cough_after_drug
    ankle_oedema                              |                | htn        | R | routine.ankle_oedema
    # medicines
    overdose                                  |                |            | E | safety.overdose
    double_dose                               |                |            | U | safety.double_dose
    double_dose dizziness                     |                |            | E | safety.overdose
    double_dose_glucose_lowering              |                | dm         | E | safety.overdose
    medicine_missed                           |                |            | R | routine.medicine_missed
    medicine_stopped                          |                |            | R | routine.medicine_stopped
    # suicide
    suicidal_plan                             |                |            | E | safety.suicide
    suicidal_ideation                         |                |            | E | safety.suicide
    lethal_amount_question                    |                |            | E | safety.suicide
    passive_death_wish                        |                |            | U | safety.suicide_passive
    # fever
    fever                                     |                | dm         | R | routine.symptom
    fever_high                                |                | dm         | U | safety.fever
    fever_persistent                          |                | dm         | U | safety.fever
    fever_persistent                          | temp 38.5      |            | U | safety.fever
    fever chills                              |                |            | U | safety.fever
    fever_high drowsy                         |                |            | E | safety.fever_emergency
    # head, leg, urine
    head_injury                               |                |            | U | safety.head_injury
    head_injury vomiting                      |                |            | E | safety.head_injury_emergency
    head_injury takes_blood_thinner           |                |            | E | safety.head_injury_emergency
    leg_swollen_one                           |                |            | U | safety.leg_clot
    leg_swollen_one chest_tightness           |                |            | E | safety.leg_clot_emergency
    no_urine                                  |                |            | U | safety.urine
    # head and stomach without alarm
    dizziness                                 | bp 128/80      | htn        | R | routine.symptom
    vertigo_severe                            |                |            | U | safety.headache_dizziness
    severe_headache                           |                |            | U | safety.headache_dizziness
    headache                                  |                |            | R | routine.symptom
    dizziness vomiting                        |                | htn        | U | safety.vomiting
    vomiting                                  |                | htn        | R | routine.symptom
    vomiting                                  |                | dm         | U | safety.vomiting
    persistent_vomiting                       |                |            | U | safety.vomiting
    # what the tables above leave out
    fear_of_dying                             |                |            | U | safety.general_urgent
    fear_of_dying palpitation                 |                |            | E | safety.dyspnoea_emergency
    coughing_blood                            |                |            | U | safety.bleeding
    coughing_blood dyspnoea                   |                |            | E | safety.leg_clot_emergency
    bp_unmeasurable unwell                    |                |            | E | safety.shock
    severe_illness_said                       |                |            | E | safety.general_emergency
    fetal_movement_less                       |                |            | U | safety.pregnancy
    cannot_drink                              |                |            | U | safety.vomiting
    cold_sweat                                |                | htn        | U | safety.general_urgent
    cold_sweat                                |                |            | R | routine.symptom
    low_potassium_said                        |                | htn        | R | routine.symptom
    high_potassium_said                       |                | htn        | U | safety.general_urgent
    low_potassium_said fatigue                |                | htn        | U | safety.general_urgent
    # background is no complaint; a code nobody knows is shown, not lost
    takes_insulin takes_glucose_lowering      |                | 70 htn dm pregnant | - | -
    a_code_nobody_defined                     |                |            | R | routine.symptom
                                              |                | 70 htn dm pregnant | - | -
"""


def rows() -> list[tuple[str, list[str], str, str, str]]:
    found = []
    for line in TABLE.strip("\n").splitlines()[1:]:
        if not line.strip().startswith("#"):
            findings, values, who, level, advice = (cell.strip() for cell in line.split("|"))
            found.append((findings, [values] if values else [], who, level, advice))
    return found


@pytest.mark.parametrize(
    ("findings", "values", "who", "level", "advice"),
    rows(),
    ids=[f"{f or 'nothing'} {' '.join(v)} {w}".strip() for f, v, w, _, _ in rows()],
)
def test_a_complaint(
    situated: Callable[..., Situation],
    level_of: Callable[[str], Level],
    findings: str,
    values: list[str],
    who: str,
    level: str,
    advice: str,
) -> None:
    found = assess(situated(findings, values, who))
    assert found.level is level_of(level)
    assert found.advice == (None if advice == "-" else advice)


def test_the_reasons_of_every_rule_are_kept_the_most_urgent_first(
    situated: Callable[..., Situation],
) -> None:
    found = assess(situated("deep_breathing persistent_vomiting", ["glucose 20.1"], "50 dm"))
    assert found.reasons[:2] == ("hyper_severe", "dka_signs")
    assert "nausea_vomiting" in found.reasons
    assert found.rules[0] == "hyper.ketoacidosis"


def test_a_meter_error_and_a_cold_sweat_is_shock_until_measured(
    situated: Callable[..., Situation],
) -> None:
    assert assess(situated("cold_sweat", meter="error")).advice == "safety.shock"
    assert assess(situated("dizziness", meter="error")).level is Level.URGENT


def test_nothing_said_is_nothing_raised(situated: Callable[..., Situation]) -> None:
    found = assess(situated())
    assert found.level is Level.NONE
    assert found.reasons == ()
