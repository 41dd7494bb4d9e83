"""OpenInference's instrumentation of LangChain, with an agent on LangGraph and, in one scenario, a retriever."""

import agent
import otel
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.messages import ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langgraph.checkpoint.memory import InMemorySaver


@wrap_tool_call
def tell_errors(request, handler):
    """Tells the model of a tool's error; LangChain would end the run."""
    try:
        return handler(request)
    except agent.SilentStation as err:
        return ToolMessage(content=f"Error: {err}", tool_call_id=request.tool_call["id"], status="error")


def model():
    return ChatOpenAI(
        model=agent.MODEL, base_url=f"{agent.PROVIDER}/v1", api_key="none",
        streaming=agent.STREAMED, stream_usage=True, use_responses_api=agent.API == "responses",
    )


def config():
    return {
        "metadata": {"session_id": agent.SESSION, "user_id": agent.USER, "tenant": agent.TENANT},
        "configurable": {"thread_id": agent.SESSION},
    }


def run_agent():
    tools = list(agent.TOOLS.values()) if agent.with_tools() else []
    graph = create_agent(
        model(), tools, system_prompt=agent.SYSTEM, middleware=[tell_errors], checkpointer=InMemorySaver(), name="support"
    )
    for question in agent.QUESTIONS:
        agent.turn(lambda q: graph.invoke({"messages": [{"role": "user", "content": q}]}, config()), question)


def run_retrieval():
    from langchain_core.runnables import RunnableLambda
    from langchain_core.vectorstores import InMemoryVectorStore

    embeddings = OpenAIEmbeddings(
        model="text-embedding-3-small", base_url=f"{agent.PROVIDER}/v1", api_key="none", check_embedding_ctx_length=False
    )
    store = InMemoryVectorStore(embeddings)
    store.add_texts(["The Seine flows through Paris.", "The Thames flows through London."])
    retriever, llm = store.as_retriever(search_kwargs={"k": 2}), model()

    def answer(question):
        found = "\n".join(d.page_content for d in retriever.invoke(question))
        return llm.invoke(f"{found}\n{question}").content

    agent.turn(lambda: RunnableLambda(answer).with_config(run_name="support").invoke(agent.QUESTIONS[0], config()))


def main():
    run_retrieval() if agent.SCRIPT == "retrieval" else run_agent()


if __name__ == "__main__":
    from openinference.instrumentation.langchain import LangChainInstrumentor

    provider = otel.tracer_provider()
    LangChainInstrumentor().instrument(tracer_provider=provider)
    agent.note_session()
    main()
    provider.shutdown()
    agent.close_book()
