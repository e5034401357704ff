"""The scripted embeddings server, asked with the official OpenAI client."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from simulator.embeddings import (
    LENGTH,
    SCRIPTS,
    EmbeddingsStand,
    create_embeddings_app,
    of_length,
    vector,
)


@pytest.fixture
def stand() -> EmbeddingsStand:
    return EmbeddingsStand()


@pytest.fixture
async def client(serve: Any, stand: EmbeddingsStand) -> AsyncIterator[openai.AsyncOpenAI]:
    address = await serve(create_embeddings_app(stand))
    async with openai.AsyncOpenAI(
        base_url=f"{address}/v1", api_key="any", max_retries=0, timeout=0.5
    ) as made:
        yield made


async def test_alike_texts_get_alike_vectors_and_the_order_is_told_by_the_index(
    client: openai.AsyncOpenAI, stand: EmbeddingsStand
) -> None:
    texts = ["血压高怎么办", "血压高了怎么办", "今天下雨"]
    answer = await client.embeddings.create(model="m", input=texts, encoding_format="float")
    found = {one.index: one.embedding for one in answer.data}
    assert [one.index for one in answer.data] == [2, 1, 0]
    assert found[0] == pytest.approx(vector(texts[0]))
    near, far = (sum(a * b for a, b in zip(found[0], found[n], strict=True)) for n in (1, 2))
    assert near > 0.7 > far
    assert (len(found[0]), stand.asked[0].authorization) == (LENGTH, "Bearer any")


async def test_another_model_gives_another_length(
    client: openai.AsyncOpenAI, stand: EmbeddingsStand
) -> None:
    stand.script = of_length(8)
    answer = await client.embeddings.create(model="m", input=["甲"], encoding_format="float")
    assert len(answer.data[0].embedding) == 8


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("fail", openai.InternalServerError),
        ("too_many", openai.RateLimitError),
        ("refuse", openai.AuthenticationError),
        ("stall", openai.APITimeoutError),
    ],
)
async def test_it_fails_as_it_was_told(
    client: openai.AsyncOpenAI, stand: EmbeddingsStand, script: str, error: type[Exception]
) -> None:
    stand.script = SCRIPTS[script]
    with pytest.raises(error):
        await client.embeddings.create(model="m", input=["甲"], encoding_format="float")


async def test_what_is_no_request_for_vectors_is_refused(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError):
        await client.embeddings.create(model="", input=["甲"], encoding_format="float")
